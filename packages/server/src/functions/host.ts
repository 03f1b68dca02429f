import {
  CODES,
  type Envelope,
  FUNCTIONS,
  type FunctionName,
  type FunctionSpec,
  LianmaiError,
  type ParsedEvent,
  resolveFunction,
} from '@lianmai/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../http/gate.ts';
import { RateLimitError } from '../http/rate.ts';
import type { Call } from './call.ts';
import type { Services } from './context.ts';
import { createHandlers, type Handlers } from './handlers.ts';
import { parseEvent } from './validate.ts';

/** `POST /functions/<name>`: every function of the protocol's table, and its aliases. */
export function registerFunctions(app: FastifyInstance, services: Services, gate: Gate): void {
  const handlers = createHandlers(services);

  app.post<{ Params: { name: string } }>('/functions/:name', async (request, reply) => {
    try {
      const name = resolveFunction(request.params.name);
      if (name === null) {
        gate.admitAddress(request);
        throw new LianmaiError('noSuchFunction');
      }
      const spec: FunctionSpec = FUNCTIONS[name];
      const call: Call =
        spec.access === 'none' ? gate.admitLogin(request) : { caller: await gate.admit(request), bearer: null };
      return await run(handlers, name, call, request.body);
    } catch (error) {
      return refuse(request, reply, error);
    }
  });
}

/** Calls one function with an event as it came. */
async function run<N extends FunctionName>(
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

/** Turns a failure into the envelope. What is not expected is logged and answered without a word of its inside. */
export function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): Envelope<null> {
  const expected = error instanceof LianmaiError ? error : new LianmaiError('internal');
  if (!(error instanceof LianmaiError) || expected.status >= 500) {
    request.log.error({ err: error, reason: expected.reason }, 'a function failed');
  }
  reply.code(expected.status).header('x-request-id', request.id);
  if (error instanceof RateLimitError) reply.header('retry-after', String(error.retryAfterSeconds));
  return { code: expected.code, message: expected.message, data: null };
}
