export { answerFunction } from './answer.ts';
export { actorOf, type Call, type Caller, requireScope, requireSelf, type Subject, subjectOf } from './call.ts';
export { createHandlers, type Handlers, type Listed } from './handlers.ts';
export type { FunctionServices, RoomActs } from './services.ts';
export { type TicketApplication, type TicketLife, TicketOffice } from './tickets.ts';
export { parseEvent } from './validate.ts';
