/** Commands of a client (§7.2): read once at the edge into one of the forms that the session knows. */
import { type AmfLimits, type AmfObject, type AmfValue, amfObject, readAmf0, writeAmf0 } from './amf0.ts';
import { MESSAGE } from './constants.ts';
import { RtmpError } from './errors.ts';

export type ClientCommand =
  | {
      readonly kind: 'connect';
      readonly transaction: number;
      readonly app: string;
      /** Some clients leave it out. */
      readonly tcUrl: string | null;
    }
  | { readonly kind: 'createStream'; readonly transaction: number }
  | { readonly kind: 'publish'; readonly transaction: number; readonly name: string }
  | { readonly kind: 'play'; readonly transaction: number; readonly name: string }
  /** `closeStream` and `deleteStream`: the end of whatever is published or played. */
  | { readonly kind: 'close' }
  /** Wants a `_result` and nothing else: `releaseStream`, `FCPublish`, `getStreamLength`. */
  | { readonly kind: 'courtesy'; readonly transaction: number; readonly name: string; readonly result: AmfValue }
  /** Everything else is passed over. */
  | { readonly kind: 'other' };

/** The values of a command message: AMF0, or AMF3's form of it (a zero byte, then AMF0). Throws {@link RtmpError}. */
export function readCommandValues(type: number, body: Uint8Array, limits: AmfLimits): AmfValue[] {
  return readAmf0(body, type === MESSAGE.commandAmf3 ? 1 : 0, limits);
}

/** Throws {@link RtmpError} for a command that does not say what it must. */
export function readCommand(values: readonly AmfValue[]): ClientCommand {
  const [name, transactionValue, object, first] = values;
  if (typeof name !== 'string') throw new RtmpError('command: no name');
  const transaction = typeof transactionValue === 'number' ? transactionValue : 0;
  switch (name) {
    case 'connect':
      return readConnect(transaction, object);
    case 'createStream':
      return { kind: 'createStream', transaction };
    case 'publish':
    case 'play':
      if (typeof first !== 'string') throw new RtmpError(`command: ${name} without a stream name`);
      return { kind: name, transaction, name: first };
    case 'closeStream':
    case 'deleteStream':
      return { kind: 'close' };
    case 'releaseStream':
    case 'FCPublish':
      return { kind: 'courtesy', transaction, name, result: undefined };
    case 'getStreamLength':
      // A live stream has none.
      return { kind: 'courtesy', transaction, name, result: 0 };
    default:
      return { kind: 'other' };
  }
}

function readConnect(transaction: number, object: AmfValue): ClientCommand {
  if (!(object instanceof Map)) throw new RtmpError('command: connect without its object');
  const members: AmfObject = object;
  const app = members.get('app');
  const tcUrl = members.get('tcUrl');
  return {
    kind: 'connect',
    transaction,
    app: typeof app === 'string' ? app : '',
    tcUrl: typeof tcUrl === 'string' ? tcUrl : null,
  };
}

export function resultBody(transaction: number, ...values: readonly AmfValue[]): Uint8Array {
  return writeAmf0(['_result', transaction, ...values]);
}

/** `_result` of `connect`. AMF0 is what we speak, whatever the client asked for. */
export function connectResultBody(transaction: number): Uint8Array {
  return resultBody(
    transaction,
    // Clients of old look at these two; the values are those that every server has given for years.
    amfObject({ fmsVer: 'FMS/3,0,1,123', capabilities: 31 }),
    amfObject({
      level: 'status',
      code: 'NetConnection.Connect.Success',
      description: 'Connection succeeded.',
      objectEncoding: 0,
    }),
  );
}

export function statusBody(level: 'status' | 'error', code: string, description: string): Uint8Array {
  return writeAmf0(['onStatus', 0, null, amfObject({ level, code, description })]);
}

/** What some encoders wait for behind `FCPublish`. */
export function fcPublishBody(stream: string): Uint8Array {
  return writeAmf0(['onFCPublish', 0, null, amfObject({ code: 'NetStream.Publish.Start', description: stream })]);
}
