/**
 * What became of a request that failed. `taken`: another document has this `_id`. `conflict`: nothing was written, try again.
 * `unknown`: it may or may not have been carried out. `hopeless`: trying again does not help.
 */
export type FailureKind = 'no-collection' | 'taken' | 'conflict' | 'unknown' | 'hopeless';

/** A failed request to the CloudBase database, from either SDK. */
export class DocumentsError extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DocumentsError';
    this.kind = kind;
  }
}

/** Numbers are wx-server-sdk's `errCode`, names are the service's own `code`. The misspelt one is the service's. */
const NO_COLLECTION = new Set<unknown>([-502005, 'DATABASE_COLLECTION_NOT_EXIST']);
const HOPELESS = new Set<unknown>([
  -501005,
  'INVALIID_ENV',
  'INVALID_ENV',
  -501006,
  'INVALID_COMMON_PARAM',
  -501007,
  'INVALID_PARAM',
  -501009,
  'RESOURCE_NOT_INITIAL',
  -502002,
  'DATABASE_INVALID_OPERRATOR',
  -502003,
  'DATABASE_PERMISSION_DENIED',
]);

/**
 * Reads a failure, thrown or answered. wx-server-sdk maps codes that it does not know to one number, so the text decides
 * where the code does not.
 */
export function readFailure(failure: unknown): DocumentsError {
  const codes = [field(failure, 'errCode'), field(failure, 'code')];
  const message = [field(failure, 'errMsg'), field(failure, 'message')].find((one) => typeof one === 'string');
  const text = typeof message === 'string' ? message : String(failure);
  return new DocumentsError(kindOf(codes, text), text, { cause: failure });
}

function kindOf(codes: readonly unknown[], text: string): FailureKind {
  if (codes.some((code) => NO_COLLECTION.has(code)) || /Db or Table not exist/i.test(text)) return 'no-collection';
  if (/E11000|duplicate key/i.test(text)) return 'taken';
  if (codes.includes('DATABASE_TRANSACTION_CONFLICT') || /write ?conflict|transaction ?(conflict|busy)/i.test(text)) {
    return 'conflict';
  }
  return codes.some((code) => HOPELESS.has(code)) ? 'hopeless' : 'unknown';
}

/** A member of an answer or error of unknown shape. */
export function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}
