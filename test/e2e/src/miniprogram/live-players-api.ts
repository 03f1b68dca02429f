import type { Look, Sound } from '../harness-api.ts';

/** What tests read of the players of a mini program. `key`: `<userID>_main` or `<userID>_aux`. */
export interface LivePlayersApi {
  /** Null while there is no picture, or something covers it. */
  look(key: string): Promise<Look | null>;
  /** Null while there is no player. */
  listen(key: string): Promise<Sound | null>;
  /** Every tile in words, for failures. */
  tiles(): Promise<readonly string[]>;
}
