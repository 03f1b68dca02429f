import type { TicketOffice } from '@lianmai/functions';
import type { Rooms } from '@lianmai/rooms';
import type { Application, IdentityStore } from '@lianmai/stores';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { LoginCodes } from '../identity/login-codes.ts';
import type { Logins } from '../identity/logins.ts';
import type { MediaService } from '../media/service.ts';
import type { SeatHolds } from '../phones/seat-holds.ts';
import type { Presence } from '../presence/presence.ts';

/** What every handler works with. */
export interface Services {
  readonly config: Config;
  readonly application: Application;
  readonly rooms: Rooms;
  readonly identities: IdentityStore;
  readonly tickets: TicketOffice;
  readonly codes: LoginCodes;
  readonly logins: Logins;
  readonly media: MediaService;
  readonly presence: Presence;
  /** Seats that the signalling of phones holds. */
  readonly seatHolds: SeatHolds;
  readonly log: Logger;
}
