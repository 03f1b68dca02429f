import {
  CODES,
  type Envelope,
  FUNCTIONS,
  type FunctionName,
  type FunctionSpec,
  type ParsedEvent,
} from '@lianmai/protocol';
import type { Call } from './call.ts';
import type { Handlers } from './handlers.ts';
import { parseEvent } from './validate.ts';

/**
 * Calls one function with an event as it came, and puts its answer in the envelope.
 * @throws LianmaiError for a refusal, and whatever went wrong unexpectedly.
 */
export async function answerFunction<N extends FunctionName>(
  handlers: Handlers,
  name: N,
  call: Call,
  body: unknown,
): Promise<Envelope<unknown>> {
  const handler: (call: Call, event: ParsedEvent<N>) => Promise<unknown> = handlers[name];
  const answer = await handler(call, parseEvent(name, body));
  const { code, message } = CODES.ok;
  return isListed(name, answer)
    ? { code, message, data: answer.data, total: answer.total }
    : { code, message, data: answer };
}

function isListed(name: FunctionName, answer: unknown): answer is { data: unknown; total: number } {
  const spec: FunctionSpec = FUNCTIONS[name];
  return spec.listed === true && typeof answer === 'object' && answer !== null && 'total' in answer;
}
