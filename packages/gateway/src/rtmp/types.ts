/**
 * The RTMP core as the rest of the gateway sees it: a server that takes connections, asks for admission at `publish` and
 * `play`, and hands over media messages. It knows no room, ticket or phone.
 */
import type { Socket } from 'node:net';
import type { ViewEnd, ViewerSocket } from '../stream/types.ts';

/** Where a connection wants to publish or play, as the client wrote it; nothing of it is trusted. */
export interface RtmpTarget {
  /** `app` of `connect`, without its query. */
  readonly app: string;
  /** Stream name without its query. */
  readonly stream: string;
  /** The query, wherever the client put it: stream name first, then `app`, then `tcUrl`. */
  readonly query: string;
  readonly remoteAddress: string;
}

/** One media message of a publisher. The payload is the receiver's own. */
export interface RtmpMedia {
  readonly kind: 'audio' | 'video' | 'data';
  /** RTMP milliseconds, 32 bits, as sent. */
  readonly timestamp: number;
  /** FLV tag body (audio, video) or AMF0 values (data). */
  readonly payload: Uint8Array;
}

/** What the owner of a publish says of how it goes; every call ends in at most one `onEnd`. */
export interface PublishSink {
  onMedia(media: RtmpMedia): void;
  /** The connection is over. @param reason in words, nothing of the client's in them. */
  onEnd(reason: string, cause?: PublishEnd): void;
}

/**
 * Why a publish is over: the client said so, the connection was lost, nothing came for too long, a limit (bit rate,
 * duration), bytes that are no RTMP or over its limits, or {@link Publishing.end} and the server's stop.
 */
export type PublishEnd = 'closed' | 'lost' | 'idle' | 'too-much' | 'broken' | 'ended';

/** A publish that was admitted, for whoever admitted it. */
export interface Publishing {
  readonly remoteAddress: string;
  /** Ends the connection: `onStatus` with this code and sentence, then closed. */
  end(code: RtmpStatusCode, description: string): void;
}

/** An RTMP player that was admitted. */
export interface Playing {
  /** What the broadcast writes to: shared chunk-framed bytes (see `createRtmpMuxer`). */
  readonly socket: ViewerSocket;
  onClosed(listener: () => void): void;
}

export type RtmpStatusCode =
  | 'NetStream.Publish.BadName'
  | 'NetStream.Publish.Denied'
  | 'NetStream.Publish.Rejected'
  | 'NetStream.Play.StreamNotFound'
  | 'NetStream.Play.Failed'
  | 'NetStream.Play.Stop'
  | 'NetStream.Play.UnpublishNotify'
  | 'NetConnection.Connect.Rejected'
  | 'NetConnection.Connect.Closed';

/** A refusal: told to the client as an `onStatus` error, then the connection is closed. */
export interface RtmpRefusal {
  readonly code: RtmpStatusCode;
  readonly description: string;
}

export type PublishAdmission =
  | {
      readonly kind: 'accepted';
      readonly sink: PublishSink;
      readonly started: (publishing: Publishing) => void;
    }
  | { readonly kind: 'refused'; readonly refusal: RtmpRefusal };

export type PlayAdmission =
  | { readonly kind: 'accepted'; readonly started: (playing: Playing) => void }
  | { readonly kind: 'refused'; readonly refusal: RtmpRefusal };

/**
 * The doors: asked once for each `publish` and `play`. A rejection refuses with a sentence that tells nothing. When the
 * connection is gone before the door has answered, `started` is never called; a publish's sink is told `onEnd` all the same.
 */
export interface RtmpDoors {
  publish(target: RtmpTarget): Promise<PublishAdmission>;
  play(target: RtmpTarget): Promise<PlayAdmission>;
}

export interface RtmpLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Handshake, connect and publish/play must be done within this. */
  readonly setupMs: number;
  /** A publisher that sends nothing for so long is closed. */
  readonly idleMs: number;
  /** Bytes of one message; a longer one ends the connection before it is gathered. */
  readonly maxMessageBytes: number;
  /** Bytes of all messages being gathered on one connection (many chunk streams at once). */
  readonly maxPendingBytes: number;
  /** Largest chunk size a client may set. */
  readonly maxChunkBytes: number;
  /** Chunk streams one connection may use. */
  readonly maxChunkStreams: number;
  /** Bits per second of a publisher, averaged over 5 s. */
  readonly maxBitsPerSecond: number;
  readonly maxPublishMs: number;
  /** Commands and control messages that want an answer, per second, averaged over 5 s; 100 when absent. */
  readonly maxRequestsPerSecond?: number;
  /** Nesting, members and string length of AMF0 values. */
  readonly amf: { readonly maxDepth: number; readonly maxValues: number; readonly maxStringBytes: number };
}

/**
 * Sees every message of one connection, media for players excepted, beginning with `connect`. Must not throw, must not keep
 * or change the payload (its owner is somebody else): it copies what it wants.
 */
export interface ConnectionObserver {
  /** @returns false when it wants to see no more of this connection; then `onEnd` is not told either. */
  onMessage(
    direction: 'in' | 'out',
    type: number,
    messageStream: number,
    timestamp: number,
    payload: Uint8Array,
  ): boolean;
  /** The publish was let in; comes before the answer that says so. */
  onPublishing(): void;
  onEnd(reason: string): void;
}

export interface RtmpServerOptions {
  readonly port: number;
  readonly host: string;
  readonly limits: RtmpLimits;
  readonly doors: RtmpDoors;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Told of every refused or broken connection; the sentence holds no ticket. */
  readonly onTrouble?: (remoteAddress: string, sentence: string) => void;
  /** Asked once for each connection; null: nobody looks, and it costs nothing. */
  readonly observe?: (remoteAddress: string) => ConnectionObserver | null;
}

export interface RtmpServer {
  /** The port in use. */
  readonly port: number;
  readonly connections: number;
  /** For tests: serve a socket that was accepted elsewhere. */
  accept(socket: Socket): void;
  close(reason: ViewEnd): Promise<void>;
}
