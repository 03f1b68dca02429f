import { ClientError } from './failure.ts';
import type { Http, HttpAnswer } from './ports.ts';

/** Longest answer that is read: a room list of 100 rooms is about 40 kB. */
const MAX_ANSWER_CHARACTERS = 1_000_000;

export interface PostOptions {
  readonly token?: string | null;
  readonly timeoutMs: number;
  readonly keepalive?: boolean;
}

/** Posts JSON and reads a JSON object back. @throws ClientError `network` without an answer, `server` for one that is no JSON object. */
export async function postJson(
  http: Http,
  url: string,
  body: unknown,
  options: PostOptions,
): Promise<{ status: number; json: Record<string, unknown>; answer: HttpAnswer }> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.token) headers['authorization'] = `Bearer ${options.token}`;
  let answer: HttpAnswer;
  try {
    answer = await http({
      method: 'POST',
      url,
      headers,
      body: JSON.stringify(body),
      timeoutMs: options.timeoutMs,
      ...(options.keepalive ? { keepalive: true } : {}),
    });
  } catch (cause) {
    throw new ClientError('network', 'The server could not be reached.', { cause });
  }
  return { status: answer.status, json: parseObject(answer), answer };
}

function parseObject(answer: HttpAnswer): Record<string, unknown> {
  if (answer.body.length <= MAX_ANSWER_CHARACTERS) {
    try {
      const value: unknown = JSON.parse(answer.body);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // Falls through: a proxy's error page, most often.
    }
  }
  const retryAfterMs = retryAfter(answer);
  throw new ClientError('server', `The server answered ${answer.status} without the expected form.`, {
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

/** The Retry-After header in milliseconds (the form in seconds only). */
export function retryAfter(answer: HttpAnswer): number | null {
  const header = answer.header('retry-after');
  if (header === null || !/^[0-9]{1,6}$/.test(header)) return null;
  return Number(header) * 1000;
}
