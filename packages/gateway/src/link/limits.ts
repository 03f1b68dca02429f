/** What one link may use, and how patient it is. */
export interface LinkLimits {
  /** The signal WebSocket opens and the first answer comes within this. */
  readonly signalTimeoutMs: number;
  /** Media is connected within this after the first answer. */
  readonly mediaTimeoutMs: number;
  /** The server answers a request (publication, offer) within this. */
  readonly requestTimeoutMs: number;
  /** No datagram of the server for so long: media is lost, the link joins anew. ICE asks every 4–6 s. */
  readonly mediaSilenceMs: number;
  /** First wait before another try; doubles each time up to the maximum, with jitter. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** Tries to come back end after this. */
  readonly giveUpMs: number;
  /** Bytes of one signal message. */
  readonly maxSignalBytes: number;
  /** Bytes waiting on the signal WebSocket; beyond it the WebSocket is closed and opened anew. */
  readonly maxSignalBacklogBytes: number;
  /** Participants kept in the roster, tracks of one, attributes of one. */
  readonly maxParticipants: number;
  readonly maxTracksPerParticipant: number;
  readonly maxAttributes: number;
  readonly maxPublications: number;
  readonly maxSubscriptions: number;
  /** Media sections of one connection. */
  readonly maxSections: number;
  /** RTP packets kept of one video publication for retransmission, and the same for audio. */
  readonly videoHistoryPackets: number;
  readonly audioHistoryPackets: number;
  /** Largest payload that is sent; more is refused. */
  readonly maxPayloadBytes: number;
  /** Keyframe requests passed on, or made, at most once in this. */
  readonly keyframeIntervalMs: number;
  readonly receiverReportMs: number;
  /** Bytes of one chat text. */
  readonly maxChatBytes: number;
  /** Text streams of which the end has not come yet; the oldest is forgotten beyond it. */
  readonly maxOpenStreams: number;
  /** A text stream that does not go on for so long is forgotten. */
  readonly streamIdleMs: number;
  /** Ids of messages remembered against doubles. */
  readonly maxSeenMessages: number;
  /** Bytes waiting on the data channel; beyond it chat is dropped. */
  readonly maxDataBacklogBytes: number;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  signalTimeoutMs: 10_000,
  mediaTimeoutMs: 15_000,
  requestTimeoutMs: 10_000,
  mediaSilenceMs: 15_000,
  retryMs: 300,
  maxRetryMs: 5_000,
  giveUpMs: 120_000,
  maxSignalBytes: 2_000_000,
  maxSignalBacklogBytes: 1_000_000,
  maxParticipants: 1_000,
  maxTracksPerParticipant: 32,
  maxAttributes: 64,
  maxPublications: 16,
  maxSubscriptions: 256,
  maxSections: 300,
  videoHistoryPackets: 512,
  audioHistoryPackets: 64,
  maxPayloadBytes: 1_250,
  keyframeIntervalMs: 1_000,
  receiverReportMs: 1_000,
  maxChatBytes: 16_000,
  maxOpenStreams: 64,
  streamIdleMs: 10_000,
  maxSeenMessages: 256,
  maxDataBacklogBytes: 1_000_000,
};
