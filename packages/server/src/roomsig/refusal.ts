import { ROOMSIG_ERRORS, type RoomsigError, type RoomsigReason } from '@lianmai/protocol';

/** An expected failure of the roomsig exchange, with the original's code. */
export class RoomsigRefusal extends Error {
  readonly reason: RoomsigReason;

  constructor(reason: RoomsigReason, message: string = ROOMSIG_ERRORS[reason].message) {
    super(message);
    this.name = 'RoomsigRefusal';
    this.reason = reason;
  }
}

/** Both shapes of the original at once: some clients read the top level, some `RspHead`. */
export function errorAnswer(reason: RoomsigReason, message: string = ROOMSIG_ERRORS[reason].message): RoomsigError {
  const head = { ErrorCode: ROOMSIG_ERRORS[reason].code, ErrorInfo: message };
  return { ActionStatus: 'FAIL', ...head, RspHead: head };
}
