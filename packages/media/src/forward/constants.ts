/** Fixed figures of the forwarder that no operator needs to set; what he may set is in `ForwarderLimits`. */

/** Layers of one publication (simulcast encodings). */
export const MAX_LAYERS = 4;
/** Packets kept per audio stream for retransmission: about 1.3 s of Opus. */
export const AUDIO_HISTORY_PACKETS = 64;
/** Packets remembered as sent to one viewer of video: 16 KiB each viewer and track. */
export const MAX_SENT_PACKETS = 512;
/** RFC 3550 A.1: a jump further ahead than this is a restart once it is confirmed by the packet after it. */
export const MAX_DROPOUT = 3000;
/** Sequence numbers further back than this belong to a restarted stream or are useless. */
export const MAX_MISORDER = 1000;
/** A layer counts as active while it was heard within this time. */
export const ACTIVE_WITHIN_MS = 1000;
/** After this silence a layer is stopped: its owner is told and its history is given back. */
export const STOPPED_AFTER_MS = 2500;
/** Missing packets remembered per layer. */
export const MAX_MISSING = 256;
/** A missing packet is asked for so many times, then left alone. */
export const MAX_NACK_TRIES = 10;
/** Round trip assumed before one is measured. */
export const DEFAULT_RTT_MS = 100;
/** Never ask or answer for the same packet faster than this. */
export const MIN_RETRY_MS = 20;
/** Interval of receiver reports, and of sender reports for each downlink. */
export const REPORT_INTERVAL_MS = 1000;
/** Interval of transport-wide feedback; Chromium's estimator wants 50 to 250 ms. */
export const FEEDBACK_INTERVAL_MS = 50;
/** Interval of the slower work: layer choice, silence, bitrates. */
export const REVIEW_INTERVAL_MS = 100;
/** Interval over which bitrates are measured. */
export const RATE_INTERVAL_MS = 500;
/** Rows of the one send batch; it is flushed when full. */
export const BATCH_ROWS = 256;
/** Retransmissions to one viewer in one second, over all its sequence numbers. */
export const MAX_RESENDS_PER_SECOND = 600;
/** When fewer than this share of the slab's slots is free, histories shrink as packets come. */
export const LOW_SLAB_SHARE = 1 / 16;
/** Slots that a layer gives back with each packet while the slab is low. */
export const SHED_PER_PACKET = 4;
/** Packets that a layer keeps even while the slab is low, so that retransmission still works a little. */
export const MIN_HISTORY_PACKETS = 16;
