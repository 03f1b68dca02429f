/** An HTTP answer as a viewer's socket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ViewEnd, ViewerSocket } from './types.ts';

export interface FlvAnswer {
  readonly socket: ViewerSocket;
  /** Told once, when the connection is over, whoever ended it. */
  onClosed(listener: () => void): void;
}

const served = new WeakSet<object>();

/** How long an ended viewer has to fetch what still waits for him. */
const defaultFarewellMs = 5_000;
/** A phone that vanished says nothing, and while it waits for a keyframe nothing is said to it. */
const keepAliveMs = 30_000;

/**
 * Writes the head of a live FLV answer and hands over its body as a {@link ViewerSocket}. The request's own head must not
 * be written yet; from now on nobody else may touch the response. Works on plain and TLS connections.
 *
 * The body ends with the connection (RFC 9112 §6.3, case 8) and is written straight to the socket: a live stream has no
 * length, and chunked coding would cost three writes, or copies, for each chunk and viewer.
 * @param farewellMs how long an ended viewer has to fetch what still waits for him.
 */
export function serveFlv(
  request: IncomingMessage,
  response: ServerResponse,
  farewellMs: number = defaultFarewellMs,
): FlvAnswer {
  const connection = request.socket;
  // A second request on the same connection would write into the first one's stream.
  if (served.has(connection)) connection.destroy();
  served.add(connection);
  if (!connection.destroyed) writeHead(response);
  connection.setNoDelay(true);
  connection.setKeepAlive(true, keepAliveMs);
  // Node closes a connection that says nothing for a while; a viewer never says anything.
  connection.setTimeout(0);
  let ended = connection.destroyed;
  let farewell: NodeJS.Timeout | null = null;
  const listeners: (() => void)[] = [];
  connection.once('close', () => {
    ended = true;
    if (farewell !== null) clearTimeout(farewell);
    for (const listener of listeners.splice(0)) listener();
  });
  // What is lost with a broken connection is told by 'close'.
  connection.on('error', () => {});
  return {
    socket: {
      write(chunk) {
        if (!ended) connection.write(chunk);
      },
      backlogBytes: () => connection.writableLength,
      end(reason: ViewEnd) {
        if (ended) return;
        ended = true;
        // Who does not read would not read the rest either, and what waits for him is memory.
        if (reason === 'slow') return void connection.destroy();
        connection.destroySoon();
        farewell = setTimeout(() => connection.destroy(), farewellMs);
        farewell.unref();
      },
    },
    onClosed(listener) {
      if (connection.destroyed) queueMicrotask(listener);
      else listeners.push(listener);
    },
  };
}

function writeHead(response: ServerResponse): void {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, {
    'content-type': 'video/x-flv',
    'cache-control': 'no-store',
    connection: 'close',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': '*',
  });
  response.flushHeaders();
}
