import type { Look, Sound, Source, StatsRow } from './harness-api.ts';

/** What the tests read in pages of the product. */
export interface WatchApi {
  /** The own identity in the media room. */
  identity(): Promise<string>;
  /** The own SID there: another one after every new join. */
  sid(): Promise<string>;
  /** Identities of the others, sorted. */
  identities(): Promise<readonly string[]>;
  look(identity: string, source: Source): Promise<Look | null>;
  /** MIME types of the own camera and screen, as published. */
  codecs(): Promise<readonly string[]>;
  stats(): Promise<readonly StatsRow[]>;
  listen(identity: string): Promise<Sound | null>;
}
