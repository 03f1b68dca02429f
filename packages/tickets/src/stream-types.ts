/** What a ticket in a push, play or signalling URL says. */
export interface StreamTicket {
  readonly direction: 'push' | 'play' | 'signal';
  readonly sdkAppId: number;
  readonly roomId: string;
  /** Whose stream; for `signal` the phone itself. */
  readonly userId: string;
  /** Who plays; the same as `userId` for `push` and `signal`. */
  readonly viewerId: string;
  /** Privilege bits of whoever holds the ticket. */
  readonly privileges: number;
  readonly streamType: 'main' | 'aux';
  /** Kinds of track a play URL promises; both true otherwise. */
  readonly tracks: { readonly video: boolean; readonly audio: boolean };
  /** Unix seconds. */
  readonly expiresAt: number;
}

export type StreamTicketRefusal = 'malformed' | 'wrong-key' | 'other-stream' | 'other-direction' | 'expired';
