/** A chat message, the same for phones and browsers. */
export interface ChatMessage {
  /** Unique in the room; made by the sender. */
  readonly id: string;
  /** Who wrote it. For messages sent by a link it is the link's own identity. */
  readonly from: string;
  readonly text: string;
  /** Unix milliseconds. */
  readonly time: number;
}
