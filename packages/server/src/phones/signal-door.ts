/** The signalling WebSocket of phones: `GET /signal?ticket=…`, opened by the URL of the roomsig answer. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DoorRefusal, PhoneSignalConnection, PhoneSignalRequest } from '@lianmai/gateway';
import { PHONE_CODES, type PhoneEvent } from '@lianmai/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ReleaseSeat } from './seat-holds.ts';

export interface SignalDoorOptions {
  readonly open: (
    request: PhoneSignalRequest,
  ) => Promise<DoorRefusal | { readonly kind: 'accepted'; readonly connection: PhoneSignalConnection }>;
  /** Somebody was let in; the answer is called when his connection is gone, with whether he was told to come back. */
  readonly onAccepted: (asked: PhoneSignalRequest) => ReleaseSeat;
  /** Bytes of one frame. */
  readonly maxFrameBytes: number;
  /** Bytes waiting on one WebSocket; beyond it the socket is closed and the phone comes back with a full roster. */
  readonly maxBacklogBytes: number;
  /** Longest wait for the rooms' answer; {@link ADMISSION_MS} unless told. */
  readonly admissionMs?: number;
}

export interface SignalDoor {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, asked: PhoneSignalRequest): void;
  /** Drops every WebSocket. */
  close(): void;
}

type Ended = Extract<PhoneEvent, { type: 'ended' }>;

/** RFC 6455 §7.4.1. */
const UNSUPPORTED_DATA = 1003;
const SERVICE_RESTART = 1012;
/** A client that never answers the close frame must not hold the socket. */
const CLOSE_MS = 2_000;
/** Longer than a gateway takes to start anew. */
const ADMISSION_MS = 15_000;

const ENDED_REASONS: Readonly<Record<number, Ended['reason']>> = {
  [PHONE_CODES.kicked.code]: 'kicked',
  [PHONE_CODES.roomEnded.code]: 'dissolved',
  [PHONE_CODES.ticketExpired.code]: 'expired',
  [PHONE_CODES.duplicate.code]: 'duplicate',
  [PHONE_CODES.encrypted.code]: 'encrypted',
};

export function createSignalDoor(options: SignalDoorOptions): SignalDoor {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  return {
    accept(request, socket, head, asked) {
      // Accepted before it is known whether he may come in: wx.connectSocket shows nobody the answer to a refused upgrade.
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        void serve(webSocket, asked, options);
      });
    },
    close() {
      for (const webSocket of sockets.clients) webSocket.terminate();
      sockets.close();
    },
  };
}

async function serve(webSocket: WebSocket, asked: PhoneSignalRequest, options: SignalDoorOptions): Promise<void> {
  webSocket.on('error', () => webSocket.terminate());
  // The server speaks first: what an eager client sends waits in the socket, not in our memory.
  webSocket.pause();
  let admission: Awaited<ReturnType<SignalDoorOptions['open']>>;
  // Rooms that do not answer must not gather sockets that nobody times; a late yes finds its socket closed.
  const patience = setTimeout(
    () => refuse(webSocket, { ...PHONE_CODES.busy, reason: 'server-restart' }),
    options.admissionMs ?? ADMISSION_MS,
  );
  try {
    admission = await options.open(asked);
  } catch {
    // The gateway is being started anew.
    refuse(webSocket, { ...PHONE_CODES.internal, reason: 'server-restart' });
    return;
  } finally {
    clearTimeout(patience);
  }
  if (admission.kind === 'refused') {
    const { code, message } = admission;
    refuse(webSocket, { code, message, reason: ENDED_REASONS[code] ?? 'refused' });
    return;
  }
  const release = webSocket.readyState === webSocket.OPEN ? options.onAccepted(asked) : () => {};
  bridge(webSocket, admission.connection, release, options.maxBacklogBytes);
}

function bridge(
  webSocket: WebSocket,
  connection: PhoneSignalConnection,
  release: ReleaseSeat,
  maxBacklogBytes: number,
): void {
  let ended = false;
  const lost = () => {
    if (ended) return;
    ended = true;
    release(false);
    connection.closed();
  };
  webSocket.on('message', (data, isBinary) => {
    if (ended) return;
    if (isBinary) {
      lost();
      close(webSocket, UNSUPPORTED_DATA, 'text frames only');
      return;
    }
    connection.receive(String(data));
  });
  webSocket.on('close', lost);
  connection.onFrame((frame) => {
    if (ended || webSocket.readyState !== webSocket.OPEN) return;
    if (webSocket.bufferedAmount + Buffer.byteLength(frame) > maxBacklogBytes) {
      lost();
      webSocket.terminate();
      return;
    }
    webSocket.send(frame);
  });
  connection.onClose((code, reason) => {
    ended = true;
    release(code === SERVICE_RESTART);
    close(webSocket, code, reason);
  });
  // It may have gone while the gateway was asked: its `close` was nobody's then.
  if (webSocket.readyState === webSocket.CLOSED || webSocket.readyState === webSocket.CLOSING) lost();
  webSocket.resume();
}

function refuse(webSocket: WebSocket, why: Omit<Ended, 'type'>): void {
  const frame: Ended = { type: 'ended', ...why };
  // The same numbers as the gateway's own: 4000 and what stands behind 20000 in the table.
  const closeCode = why.reason === 'server-restart' ? SERVICE_RESTART : 4_000 + (why.code - 20_000);
  if (webSocket.readyState === webSocket.OPEN) webSocket.send(JSON.stringify(frame));
  webSocket.resume();
  close(webSocket, closeCode, why.reason);
}

function close(webSocket: WebSocket, code: number, reason: string): void {
  webSocket.close(code, reason);
  const timer = setTimeout(() => webSocket.terminate(), CLOSE_MS);
  timer.unref();
  webSocket.once('close', () => clearTimeout(timer));
}
