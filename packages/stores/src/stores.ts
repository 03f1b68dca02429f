import type { RoomStore } from '@lianmai/rooms';
import type { ApplicationStore } from './applications.ts';
import type { IdentityStore, ValueStore } from './identities.ts';
import type { LoginCodeStore } from './login-codes.ts';

/** One opened database, in the ports that the server works with. */
export interface Stores {
  readonly rooms: RoomStore;
  readonly applications: ApplicationStore;
  readonly identities: IdentityStore;
  readonly loginCodes: LoginCodeStore;
  readonly values: ValueStore;
  /** Finishes what is under way, then closes; nothing acknowledged is lost without it either. */
  close(): Promise<void>;
}
