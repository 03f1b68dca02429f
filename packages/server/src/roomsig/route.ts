import { LianmaiError, type RoomsigAnswer, type RoomsigError, type RoomsigPhoneAnswer } from '@lianmai/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Services } from '../functions/context.ts';
import type { Gate } from '../http/gate.ts';
import { RateLimitError } from '../http/rate.ts';
import type { PublicUrls } from '../http/urls.ts';
import type { Phones } from '../phones/service.ts';
import { exchange } from './exchange.ts';
import { errorAnswer, RoomsigRefusal } from './refusal.ts';

/** The two addresses of the original; every answer has HTTP status 200, as there. */
export const ROOMSIG_PATHS = ['/v4/openim/jsonvideoapp', '/v4/trtc/jsonvideoapp'] as const;

/** @param phones null when this server serves none. */
export function registerRoomsig(
  app: FastifyInstance,
  services: Services,
  gate: Gate,
  urls: PublicUrls,
  phones: Phones | null,
): void {
  for (const path of ROOMSIG_PATHS) {
    app.post(path, async (request, reply): Promise<RoomsigAnswer | RoomsigPhoneAnswer | RoomsigError> => {
      try {
        gate.admitAddress(request);
        return await exchange(services, request.query, request.body, {
          signalUrl: urls.signal(request.raw),
          phoneUrls: phones === null ? null : (member) => phones.urls(request.raw, member),
          admitUser: (userId) => gate.admitUser(userId),
        });
      } catch (error) {
        if (error instanceof RateLimitError) reply.header('retry-after', String(error.retryAfterSeconds));
        return roomsigFailure(request, error);
      }
    });
  }
}

/** What a failure of any kind answers on these addresses. */
export function roomsigFailure(request: FastifyRequest, error: unknown): RoomsigError {
  if (error instanceof RoomsigRefusal) return errorAnswer(error.reason, error.message);
  if (error instanceof LianmaiError) {
    if (error.reason === 'tooManyRequests') return errorAnswer('tooManyRequests');
    if (error.reason === 'requestTooLarge' || error.reason === 'invalidArgument') {
      return errorAnswer('invalidRequest', error.message);
    }
    if (error.reason === 'tooManyRooms') return errorAnswer('internal', error.message);
  }
  request.log.error({ err: error }, 'a roomsig exchange failed');
  return errorAnswer('internal');
}
