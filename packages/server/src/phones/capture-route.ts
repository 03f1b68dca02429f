/** `POST /phones/capture`: what the next push of a stream that is let in sends in its first seconds, as lines of JSON, for the operator. */
import type { ServerResponse } from 'node:http';
import type { CaptureRecord, Gateway } from '@lianmai/gateway';
import { LianmaiError, mediaRoomName, parseStreamName } from '@lianmai/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuse } from '../functions/host.ts';
import type { Gate } from '../http/gate.ts';

export const CAPTURE_PATH = '/phones/capture';
export const MAX_CAPTURE_SECONDS = 60;

/** Captures that wait or run at once: each looks at every connection until it has found its stream. */
const MAX_CAPTURES = 4;
const MAX_BYTES = 30_000_000;
/** A push that does not come within this is not waited for any longer. */
const MAX_WAIT_MS = 10 * 60_000;
/** Empty lines keep proxies from closing a connection that waits. */
const HEARTBEAT_MS = 10_000;

const bodySchema = z.object({
  stream: z.string().max(128),
  seconds: z.number().min(1).max(MAX_CAPTURE_SECONDS).default(10),
  /** A push that is refused will do, too. */
  refused: z.boolean().default(false),
});

/** What `lianmai capture` asks: to record a phone's push. For the server API key only, a few at once. */
export function registerCapture(app: FastifyInstance, gateway: Gateway, gate: Gate, sdkAppId: number): void {
  let running = 0;
  app.post(CAPTURE_PATH, async (request, reply) => {
    try {
      const caller = await gate.admit(request);
      if (caller.kind !== 'server') throw new LianmaiError('notPermitted', 'Only the server API key may do this.');
      const body = bodySchema.safeParse(request.body);
      const name = body.success ? parseStreamName(body.data.stream) : null;
      if (!body.success || name?.sdkAppId !== sdkAppId) {
        throw new LianmaiError(
          'invalidArgument',
          `Give stream (${sdkAppId}_<roomID>_<userID>) and seconds (1 to ${MAX_CAPTURE_SECONDS}).`,
        );
      }
      if (caller.room !== null && caller.room !== mediaRoomName(sdkAppId, name.roomId)) {
        throw new LianmaiError('notPermitted', 'This token speaks for one room only. Use the API key and secret.');
      }
      if (running >= MAX_CAPTURES) {
        throw new LianmaiError('tooManyRequests', 'Other captures are under way. Wait for one to end.');
      }
      const { stream, seconds, refused } = body.data;
      // Gone while he was being admitted: nothing would tell of his end any more.
      if (request.raw.socket.destroyed) return reply.hijack();
      running += 1;
      reply.hijack();
      follow(gateway, { stream, refused, maxMs: seconds * 1000, maxBytes: MAX_BYTES }, reply.raw, () => {
        running -= 1;
      });
      return reply;
    } catch (error) {
      return refuse(request, reply, error);
    }
  });
}

function follow(
  gateway: Gateway,
  request: Parameters<Gateway['startCapture']>[0],
  response: ServerResponse,
  done: () => void,
): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  const wait = setTimeout(() => response.end(), MAX_WAIT_MS);
  const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT_MS);
  const capture = gateway.startCapture(request, {
    onRecord(record) {
      response.write(lineOf(record));
      if (record.kind === 'begin') clearTimeout(wait);
      if (record.kind === 'end') response.end();
      // A reader that does not read costs itself.
      else if (response.writableLength > MAX_BYTES * 2) response.destroy();
    },
    onLost: () => response.destroy(),
  });
  response.once('close', () => {
    clearTimeout(wait);
    clearInterval(heartbeat);
    capture.stop();
    done();
  });
}

function lineOf(record: CaptureRecord): string {
  if (record.kind !== 'media') return `${JSON.stringify(record)}\n`;
  const { buffer, byteOffset, length } = record.payload;
  return `${JSON.stringify({ ...record, payload: Buffer.from(buffer, byteOffset, length).toString('base64') })}\n`;
}
