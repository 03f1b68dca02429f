export { answerFunction } from './answer.ts';
export {
  actorOf,
  type Call,
  type Caller,
  type CallerSession,
  requireScope,
  requireSelf,
  type Subject,
  subjectOf,
} from './call.ts';
export { createHandlers, type Handlers, type Listed } from './handlers.ts';
export type { FunctionServices, RoomActs } from './services.ts';
export {
  signTickets,
  type TicketApplication,
  type TicketLife,
  TicketOffice,
  type TicketRoomGrant,
} from './tickets.ts';
export { parseEvent } from './validate.ts';
