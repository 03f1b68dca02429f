/** A user id is 1–32 bytes of `[A-Za-z0-9_-]`, as the ticket formats ask (an openid fits). */
export const USER_ID_PATTERN = /^[A-Za-z0-9_-]{1,32}$/;

/** Whether the value is a well-formed user id. */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && USER_ID_PATTERN.test(value);
}
