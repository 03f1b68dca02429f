import type { OpenedStore } from '@lianmai/rooms/contract';
import {
  type CloudSdk,
  createCloudbaseRoomStore,
  createRoomDocuments,
  type RetryLimits,
  ROOM_COLLECTION,
  type RoomDocuments,
} from '@lianmai/stores/cloudbase';
import { openEnvironment, plainDatabase, wxDatabase } from './stand-in/environments.ts';
import type { ServiceOptions, StandInService } from './stand-in/service.ts';

/** The database object of one environment through one SDK. */
export const SDKS: Record<CloudSdk, typeof wxDatabase> = {
  'wx-server-sdk': wxDatabase,
  '@cloudbase/database': plainDatabase,
};

/** Waits in turns of the event loop, ten milliseconds a turn: tests need no clock. */
export async function turns(ms: number): Promise<void> {
  for (let left = Math.ceil(ms / 10); left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}

/** Waiting that is spread, but the same in every run. */
function spread(): () => number {
  let step = 0;
  return () => {
    step = (step + 0.618_033_988_75) % 1;
    return step;
  };
}

export interface CloudStoreOptions extends ServiceOptions {
  readonly soleApplication?: number;
  readonly retry?: Partial<RetryLimits>;
  /** Comes between the store and the database. */
  readonly through?: (documents: RoomDocuments) => RoomDocuments;
}

/** A store on a fresh environment. */
export function openCloudStore(
  sdk: CloudSdk,
  { soleApplication, retry, through = (documents) => documents, ...service }: CloudStoreOptions = {},
): OpenedStore & { readonly service: StandInService; readonly env: string; another(): OpenedStore['store'] } {
  const environment = openEnvironment(service);
  const another = () => {
    const database = SDKS[sdk](environment.env);
    return createCloudbaseRoomStore({
      documents: through(createRoomDocuments(database, sdk, ROOM_COLLECTION)),
      command: database.command,
      ...(soleApplication === undefined ? {} : { soleApplication }),
      ...(retry === undefined ? {} : { retry }),
      random: spread(),
      wait: turns,
    });
  };
  return {
    store: another(),
    service: environment.service,
    env: environment.env,
    another,
    close: async () => environment.close(),
  };
}
