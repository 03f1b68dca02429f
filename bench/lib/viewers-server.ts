/**
 * The media layer of the phone gateway alone, without rooms and tickets: RTMP in, RTMP and HTTP-FLV out, one broadcast
 * for each stream. First argument: milliseconds that audio may wait for the next picture.
 */
import { createServer } from 'node:http';
import { broadcastLimitsSchema, rtmpLimitsSchema } from '../../packages/gateway/src/config.ts';
import { createUnitReader } from '../../packages/gateway/src/flv/unit-reader.ts';
import { createRtmpServer } from '../../packages/gateway/src/rtmp/server.ts';
import type { PlayAdmission, PublishAdmission, RtmpDoors } from '../../packages/gateway/src/rtmp/types.ts';
import { createBroadcast } from '../../packages/gateway/src/stream/broadcast.ts';
import { serveFlv } from '../../packages/gateway/src/stream/flv-http.ts';
import type { Broadcast } from '../../packages/gateway/src/stream/types.ts';

const holdMs = Number(process.argv[2] ?? 20);
const clock = () => performance.now();
const streams = new Map<string, Broadcast>();

const doors: RtmpDoors = {
  async publish(target): Promise<PublishAdmission> {
    const broadcast = createBroadcast({
      tracks: { video: true, audio: true },
      limits: broadcastLimitsSchema.parse({}),
      clock,
      onKeyframeNeeded: () => {},
      holdMs,
    });
    const reader = createUnitReader();
    streams.set(target.stream, broadcast);
    return {
      kind: 'accepted',
      started: () => {},
      sink: {
        onMedia(media) {
          const reading = reader.read(media, clock());
          if (reading.kind === 'units') for (const unit of reading.units) broadcast.write(unit);
        },
        onEnd() {
          streams.delete(target.stream);
          broadcast.close('source-ended');
        },
      },
    };
  },
  async play(target): Promise<PlayAdmission> {
    const broadcast = streams.get(target.stream);
    if (broadcast === undefined) {
      return { kind: 'refused', refusal: { code: 'NetStream.Play.StreamNotFound', description: 'No such stream.' } };
    }
    return {
      kind: 'accepted',
      started(playing) {
        const viewer = broadcast.addViewer('rtmp', playing.socket);
        playing.onClosed(() => viewer.leave());
      },
    };
  },
};

const limits = rtmpLimitsSchema.parse({ maxConnectionsPerAddress: 4_000, maxConnections: 4_000 });
const rtmp = await createRtmpServer({ port: 0, host: '127.0.0.1', limits, doors, clock });
const http = createServer((request, response) => {
  const name = /^\/live\/(\w+)\.flv$/.exec(request.url ?? '')?.[1];
  const broadcast = name === undefined ? undefined : streams.get(name);
  if (broadcast === undefined) {
    response.writeHead(404).end();
    return;
  }
  const answer = serveFlv(request, response);
  const viewer = broadcast.addViewer('flv', answer.socket);
  answer.onClosed(() => viewer.leave());
});
http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  if (typeof address === 'object' && address !== null) {
    console.log(JSON.stringify({ rtmp: rtmp.port, http: address.port }));
  }
});
process.once('disconnect', () => process.exit(0));
