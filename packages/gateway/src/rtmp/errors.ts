/** The other side broke the protocol or a limit: its connection ends. The message never holds what the client wrote. */
export class RtmpError extends Error {
  override name = 'RtmpError';
}
