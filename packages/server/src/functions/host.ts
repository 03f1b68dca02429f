import { answerFunction, type Call, createHandlers, type FunctionServices } from '@lianmai/functions';
import { type Envelope, FUNCTIONS, type FunctionSpec, LianmaiError, resolveFunction } from '@lianmai/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../http/gate.ts';
import { RateLimitError } from '../http/rate.ts';
import type { Services } from './context.ts';
import { createRoomActs } from './room-acts.ts';

/** `POST /functions/<name>`: every function of the protocol's table, and its aliases. */
export function registerFunctions(app: FastifyInstance, services: Services, gate: Gate): void {
  const handlers = createHandlers(functionServices(services));

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
      return await answerFunction(handlers, name, call, request.body);
    } catch (error) {
      return refuse(request, reply, error);
    }
  });
}

/** The functions' part of the services. */
function functionServices(services: Services): FunctionServices {
  const { rooms, tickets, identities, logins } = services;
  return {
    sdkAppId: services.application.sdkAppId,
    rooms,
    tickets,
    acts: createRoomActs(services),
    listLimit: services.config.rooms.listLimit,
    nameOf: async (userId) => (await identities.identity(userId))?.userName ?? userId,
    login: (event, bearer) => logins.login(event, bearer),
    loginCode: (subject, session) => logins.loginCode(subject, session),
  };
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
