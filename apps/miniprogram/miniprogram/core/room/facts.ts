/** What is known of a room besides its people, as long as a stay lasts. */
export interface Facts {
  readonly reconnecting: boolean;
  /** Empty: nobody has said yet. */
  readonly owner: string;
  readonly mutedByOwner: { readonly audio: boolean; readonly video: boolean };
  /** By user id. */
  readonly qualities: Readonly<Record<string, string>>;
}

export const NO_FACTS: Facts = {
  reconnecting: false,
  owner: '',
  mutedByOwner: { audio: false, video: false },
  qualities: {},
};
