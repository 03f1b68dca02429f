import { type DataChannelsLimits, DEFAULT_DATA_CHANNEL_LIMITS } from '../sctp/types.ts';
import { DEFAULT_SDP_LIMITS, type SdpLimits } from '../sdp/limits.ts';

/** What one connection may cost. */
export interface ConnectionLimits {
  readonly sdp: SdpLimits;
  readonly dataChannels: DataChannelsLimits;
  /** Sections that may send to us at once. */
  readonly maxUplinks: number;
  /** Bytes queued on a lossy channel above which new packets are dropped. */
  readonly lossyBacklogBytes: number;
  /** Longest data message that we accept, as announced (`a=max-message-size`). */
  readonly maxMessageSize: number;
  /** Changes within this time are told as one {@link ConnectionSink.onNegotiationNeeded}, in ms. */
  readonly gatherMs: number;
  /** A negotiation that was asked for and did not come, or an offer without an answer, is asked for again after this. */
  readonly retryMs: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  sdp: DEFAULT_SDP_LIMITS,
  dataChannels: DEFAULT_DATA_CHANNEL_LIMITS,
  maxUplinks: 32,
  lossyBacklogBytes: 512 * 1024,
  maxMessageSize: 65_535,
  gatherMs: 20,
  retryMs: 5_000,
};
