/** Numbers of the RTMP wire (Adobe RTMP 1.0; section numbers below are that document's). */

/** Message type ids (§5.4, §7.1). */
export const MESSAGE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  sharedObjectAmf3: 16,
  commandAmf3: 17,
  dataAmf0: 18,
  sharedObjectAmf0: 19,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** Event types of user control messages (§7.1.7). */
export const USER_CONTROL = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const;

/** Chunk streams of what we send. Fixed, so that the bytes of a media message are the same for every player. */
export const CHUNK_STREAM = { control: 2, command: 3, audio: 4, data: 5, video: 6 } as const;

/** The one message stream that `createStream` gives out, and that all media goes out on. */
export const MESSAGE_STREAM = 1;

/** Chunk size until a side says otherwise (§5.4.1). */
export const DEFAULT_CHUNK_BYTES = 128;

/** Chunk size of everything we send after `connect`: most frames fit into one chunk. */
export const OUTGOING_CHUNK_BYTES = 60_000;

/** Window that we ask a peer to acknowledge, and the one we assume when it names none. */
export const WINDOW_BYTES = 2_500_000;

/** A timestamp field of this value says that the extended timestamp follows (§5.3.1.3). */
export const EXTENDED_TIMESTAMP = 0xffffff;
