import { services } from './services.ts';
import { readGrants, readPrivacy } from './wechat/consent.ts';
import { pageUrl, ROUTES } from './wechat/ui.ts';

/** What is handed to the room page in its address. */
export interface RoomQuery {
  readonly roomID?: string;
  readonly roomName?: string;
  /** `0`: enter without camera and microphone. */
  readonly devices?: '0';
}

/** The next page on the way into a room: a name first, then consent, then the room itself. */
export async function wayIn(query: RoomQuery): Promise<string> {
  const { backend, userName } = services();
  if (backend.asksName && userName === '') return pageUrl(ROUTES.join, { ...query });
  return wayPastConsent(query);
}

/** The same with the name given: the room, or the page that asks for consent and permissions. */
export async function wayPastConsent(query: RoomQuery): Promise<string> {
  const [privacy, grants] = await Promise.all([readPrivacy(), readGrants()]);
  const refused = grants.camera === 'refused' || grants.microphone === 'refused';
  return pageUrl(privacy.needed || refused ? ROUTES.privacy : ROUTES.room, { ...query });
}
