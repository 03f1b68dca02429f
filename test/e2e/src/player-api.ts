import type { Look, Sound } from './harness-api.ts';

/** What the player page offers: mpegts.js as published, which plays FLV by HTTP where there is no `<live-player>`. */
export interface PlayerApi {
  /** Begins to play; the header of the stream says the same about its tracks. */
  play(name: string, url: string, tracks: { readonly video: boolean; readonly audio: boolean }): Promise<void>;
  look(name: string): Promise<Look | null>;
  listen(name: string): Promise<Sound | null>;
  /** Errors of the player and what it knows about the stream. */
  facts(name: string): Promise<readonly string[]>;
}
