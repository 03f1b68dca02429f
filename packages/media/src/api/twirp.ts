/** Twirp's wire rules: one method a path, protobuf or JSON bodies, errors as JSON with a code. */
import type { Message, MessageType } from '@bufbuild/protobuf';
import type { PlainAnswer } from '../port/types.ts';

/** Codes we use, with their HTTP status. */
const STATUS = {
  invalid_argument: 400,
  malformed: 400,
  not_found: 404,
  bad_route: 404,
  permission_denied: 403,
  unauthenticated: 401,
  resource_exhausted: 429,
  failed_precondition: 412,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
} as const;

export type TwirpCode = keyof typeof STATUS;

export class TwirpError extends Error {
  override name = 'TwirpError';
  readonly code: TwirpCode;

  constructor(code: TwirpCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function errorAnswer(error: TwirpError): PlainAnswer {
  return {
    status: STATUS[error.code],
    contentType: 'application/json',
    body: JSON.stringify({ code: error.code, msg: error.message }),
  };
}

export type Encoding = 'protobuf' | 'json';

/** Throws {@link TwirpError} for anything but the two content types. */
export function encodingOf(contentType: string): Encoding {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  if (type === 'application/protobuf') return 'protobuf';
  throw new TwirpError('bad_route', `unexpected Content-Type: "${contentType.slice(0, 100)}"`);
}

export function readBody<T extends Message<T>>(type: MessageType<T>, encoding: Encoding, body: Uint8Array): T {
  try {
    if (encoding === 'protobuf') return type.fromBinary(body);
    const text = Buffer.from(body).toString('utf8');
    return type.fromJsonString(text === '' ? '{}' : text, { ignoreUnknownFields: true });
  } catch {
    throw new TwirpError('malformed', `the ${encoding} request could not be decoded`);
  }
}

export function writeBody<T extends Message<T>>(message: T, encoding: Encoding): PlainAnswer {
  if (encoding === 'protobuf') {
    return { status: 200, contentType: 'application/protobuf', body: message.toBinary() };
  }
  // Defaults are written out and names are the proto's, as Go's Twirp does.
  const json = message.toJsonString({ emitDefaultValues: true, useProtoFieldName: true });
  return { status: 200, contentType: 'application/json', body: json };
}
