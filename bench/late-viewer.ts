/**
 * What somebody who comes late waits for the picture of a phone whose keyframes are three seconds apart, through the
 * embedded engine over loopback: with the bridge, and without it, beside each other from the same push. Told from the
 * moment when he subscribes, and from the moment when he begins to connect, to the last packet of the first keyframe.
 * And what somebody who has been watching all along sees of it: the longest time without a picture.
 */
import { createCodecPool } from '../packages/gateway/src/codec/index.ts';
import type { CodecPool } from '../packages/gateway/src/codec/types.ts';
import { codecLimitsSchema, ingressLimitsSchema } from '../packages/gateway/src/config.ts';
import { createUnitReader } from '../packages/gateway/src/flv/unit-reader.ts';
import { createIngress } from '../packages/gateway/src/ingress/ingress.ts';
import type {
  IncomingRtp,
  Link,
  LinkSession,
  LinkSink,
  RemoteParticipant,
} from '../packages/gateway/src/link/types.ts';
import { createWebRtcLink } from '../packages/gateway/src/link/webrtc.ts';
import { createUnitGroup } from '../packages/gateway/src/stream/unit-group.ts';
import { startEmbedded } from '../test/e2e/src/targets/embedded.ts';
import { tokenFor } from '../test/e2e/src/tokens.ts';
import { makeClip, playClip } from './lib/clip.ts';
import { median, percentile, print, type Row, row } from './lib/report.ts';

const viewers = Number(process.argv[2] ?? 20);
const GROUP_MS = 3_000;
const ROOM = 'late-viewer';
const STAP_A = 24;
const clock = () => performance.now();
const undo: (() => unknown)[] = [];

interface Roster extends LinkSink {
  participants: readonly RemoteParticipant[];
}

function roster(): Roster {
  return {
    participants: [],
    onParticipants(participants) {
      this.participants = participants;
    },
    onChat() {},
    onQuality() {},
    onReconnecting() {},
    onReconnected() {},
    onEnd() {},
  };
}

async function until<T>(find: () => T | undefined): Promise<T> {
  for (const began = clock(); clock() - began < 15_000; ) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('waited 15 s in vain');
}

function videoOf(who: string, among: Roster): string | undefined {
  const participant = among.participants.find((one) => one.identity === who);
  return participant?.tracks.find((track) => track.kind === 'video')?.sid;
}

/** Milliseconds from now until a whole keyframe of the track is here. */
function firstKeyframe(session: LinkSession, trackSid: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = clock();
    let timestamp: number | null = null;
    const limit = setTimeout(() => reject(new Error('no keyframe within 15 s')), 15_000);
    const subscription = session.subscribe(trackSid, {
      onRtp(packet: IncomingRtp, now: number) {
        // Parameter sets come first of a keyframe's packets, in one of their own; loopback loses and reorders nothing.
        if ((packet.payload[0]! & 0x1f) === STAP_A) timestamp = packet.timestamp;
        if (!packet.marker || packet.timestamp !== timestamp) return;
        clearTimeout(limit);
        setImmediate(() => {
          subscription.close();
          resolve(now - began);
        });
      },
      onSenderReport() {},
    });
  });
}

interface Case {
  readonly phone: string;
  readonly subscribed: number[];
  readonly connected: number[];
  longestGap: number;
}

try {
  const target = await startEmbedded();
  undo.push(() => target.close());
  const codecs = await createCodecPool({ limits: codecLimitsSchema.parse({}) });
  undo.push(() => codecs.close());
  if (codecs.unavailable !== null) throw new Error(codecs.unavailable);
  const withoutBridge: CodecPool = {
    unavailable: null,
    openAacToOpus: (asc, sink) => codecs.openAacToOpus(asc, sink),
    openOpusToAac: (options, sink) => codecs.openOpusToAac(options, sink),
    openBridge: () => null,
    openVideoToH264: () => null,
    jobs: codecs.jobs,
    processes: () => codecs.processes(),
    close: () => codecs.close(),
  };
  const link: Link = createWebRtcLink({ url: target.wsUrl, clock });
  undo.push(() => link.close());
  const join = async (identity: string, sink: LinkSink) => {
    const token = () => tokenFor(target, { room: ROOM, identity });
    return link.join({ token: await token(), renewToken: token }, sink);
  };

  const group = createUnitGroup(8_000_000);
  const reader = createUnitReader();
  const cases: Case[] = ['bridge', 'none'].map((phone) => ({ phone, subscribed: [], connected: [], longestGap: 0 }));
  const ingresses = await Promise.all(
    cases.map(async ({ phone }) =>
      createIngress({
        session: await join(phone, roster()),
        codecs: phone === 'bridge' ? codecs : withoutBridge,
        limits: ingressLimitsSchema.parse({}),
        clock,
        wallClock: Date.now,
        group: () => group.pictures(),
        onTrouble: (trouble) => console.error(trouble),
        onMutedByServer: () => {},
      }),
    ),
  );
  const stop = playClip(makeClip(9, (GROUP_MS / 1_000) * 25), (tag) => {
    const reading = reader.read({ kind: tag.kind, timestamp: tag.timestamp >>> 0, payload: tag.payload }, clock());
    if (reading.kind === 'refused') throw new Error(`refused: ${reading.code}`);
    for (const unit of reading.units) {
      group.add(unit, clock());
      for (const ingress of ingresses) ingress.write(unit);
    }
  });
  const ticking = setInterval(() => {
    for (const ingress of ingresses) ingress.tick();
  }, 100);
  undo.push(() => {
    stop();
    clearInterval(ticking);
    for (const ingress of ingresses) ingress.close();
  });

  const watching = roster();
  const watcher = await join('watcher', watching);
  for (const one of cases) {
    const sid = await until(() => videoOf(one.phone, watching));
    let last = Number.NaN;
    await firstKeyframe(watcher, sid);
    watcher.subscribe(sid, {
      onRtp(packet, now) {
        if (!packet.marker) return;
        if (now - last > one.longestGap) one.longestGap = now - last;
        last = now;
      },
      onSenderReport() {},
    });
  }

  // The first of each warms codecs and connections up and does not count.
  for (let round = -1; round < viewers; round++) {
    for (const one of cases) {
      // Any place within a group, and longer than the interval between two bridges.
      await new Promise((resolve) => setTimeout(resolve, 1_100 + Math.random() * GROUP_MS));
      const sink = roster();
      const began = clock();
      const session = await join(`late-${round}-${one.phone}`, sink);
      const sid = await until(() => videoOf(one.phone, sink));
      const subscribedAt = clock();
      const waited = await firstKeyframe(session, sid);
      if (round >= 0) {
        one.subscribed.push(waited);
        one.connected.push(subscribedAt - began + waited);
      }
      await session.leave();
      if (round < 0) one.longestGap = 0;
    }
  }

  const rows: Row[] = [];
  const [ours, theirs] = cases as [Case, Case];
  const peer = (value: number) => ({ name: 'without the bridge', value });
  rows.push(
    row('subscribe to first keyframe, p50', 'ms', median(ours.subscribed), peer(median(theirs.subscribed))),
    row(
      'subscribe to first keyframe, p95',
      'ms',
      percentile(ours.subscribed, 95),
      peer(percentile(theirs.subscribed, 95)),
    ),
    row('connect to first keyframe, p50', 'ms', median(ours.connected), peer(median(theirs.connected))),
    row('connect to first keyframe, p95', 'ms', percentile(ours.connected, 95), peer(percentile(theirs.connected, 95))),
    row('longest gap of somebody watching', 'ms', ours.longestGap, peer(theirs.longestGap)),
  );
  print('late-viewer', rows, { viewers, groupMs: GROUP_MS, pictures: '360x640 at 25/s' });
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit(0);
