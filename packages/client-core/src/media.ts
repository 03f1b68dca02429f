import type { FailureReason } from './failure.ts';

/** How a media connection ended, in the terms of the room. */
export type MediaEnd = Extract<
  FailureReason,
  'kicked' | 'dissolved' | 'duplicate-identity' | 'server-restart' | 'network'
>;

/** What the media connection tells its controller. */
export interface MediaListener {
  /** The connection was lost and the platform's SDK tries to bring it back. */
  onReconnecting(): void;
  onReconnected(): void;
  /** It is over, and not because {@link MediaPort.disconnect} was called. */
  onEnded(end: MediaEnd): void;
}

/** What a media connection is made with. */
export interface MediaAccess {
  readonly url: string;
  readonly token: string;
  /** What to publish if the platform can: phones of the room show it without transcoding. */
  readonly videoCodec?: 'h264' | undefined;
}

/** The platform's media connection: LiveKit's SDK in a page, live-pusher and live-player in a mini program. */
export interface MediaPort {
  /**
   * Resolves when connected.
   *
   * @throws ClientError `network`, `no-permission` (a token that is refused), `full`, `kicked`, `server`.
   */
  connect(access: MediaAccess, listener: MediaListener): Promise<void>;
  disconnect(): Promise<void>;
}
