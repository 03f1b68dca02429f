import type { Envelope, FunctionData, FunctionEvent, FunctionName } from '@lianmai/protocol';
import { ClientError, reasonOfFunctionCode } from './failure.ts';
import type { Http } from './ports.ts';
import { postJson, retryAfter } from './transport.ts';

/** What `wx.cloud.callFunction` takes. */
export interface CallRequest<N extends FunctionName> {
  readonly name: N;
  readonly data: FunctionEvent<N>;
}

/** What `wx.cloud.callFunction` resolves to; `data` is null when `code` is not 0. */
export interface CallResult<N extends FunctionName> {
  readonly result: Envelope<FunctionData<N> | null>;
  readonly errMsg: string;
  readonly requestID: string;
}

export interface CallOptions {
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly keepalive?: boolean;
}

/**
 * Calls a function over HTTP. As with the original, a refusal resolves (look at `result.code`); only a call that got no
 * usable answer rejects.
 *
 * @throws ClientError `network` or `server`.
 */
export async function postFunction<N extends FunctionName>(
  http: Http,
  baseUrl: string,
  request: CallRequest<N>,
  options: CallOptions,
): Promise<CallResult<N> & { readonly retryAfterMs: number | null }> {
  const { json, answer } = await postJson(http, `${baseUrl}/functions/${request.name}`, request.data, options);
  const { code, message, data, total } = json;
  if (typeof code !== 'number') {
    throw new ClientError('server', `The server answered ${answer.status} without an envelope.`);
  }
  const result: Envelope<FunctionData<N> | null> = {
    code,
    message: typeof message === 'string' ? message : '',
    data: (data ?? null) as FunctionData<N> | null,
    ...(typeof total === 'number' ? { total } : {}),
  };
  return {
    result,
    errMsg: 'cloud.callFunction:ok',
    requestID: answer.header('x-request-id') ?? '',
    retryAfterMs: retryAfter(answer),
  };
}

/** The failure that an envelope reports. */
export function envelopeError(envelope: Envelope<unknown>, retryAfterMs: number | null): ClientError {
  return new ClientError(reasonOfFunctionCode(envelope.code), envelope.message, {
    code: envelope.code,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
