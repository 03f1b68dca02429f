/** What is known of a room besides its people, as long as a stay lasts. */
export interface Facts {
  readonly reconnecting: boolean;
  /** It is the server that went away, and said so. */
  readonly restarting: boolean;
  /** The push has broken and is not back yet. */
  readonly unsent: boolean;
  /** Empty: nobody has said yet. */
  readonly owner: string;
  readonly mutedByOwner: { readonly audio: boolean; readonly video: boolean };
  /** By user id. */
  readonly qualities: Readonly<Record<string, string>>;
}

export const NO_FACTS: Facts = {
  reconnecting: false,
  restarting: false,
  unsent: false,
  owner: '',
  mutedByOwner: { audio: false, video: false },
  qualities: {},
};
