/** The local link's side of the engine: what the other thread needs to speak to it, and nothing of the engine itself. */
export { DEFAULT_LOCAL_LIMITS, LocalChannel, type LocalChannelLimits, type LocalChannelSink } from './channel.ts';
export { LOCAL_H264, LOCAL_OPUS, localMimeType } from './codecs.ts';
export type { LocalDataKind, ToEngine, ToLink } from './messages.ts';
export { MAX_RECORD_PAYLOAD, type RecordSink } from './records.ts';
