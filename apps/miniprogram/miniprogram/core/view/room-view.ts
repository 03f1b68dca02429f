import type { RemoteStream } from '../members/stream.ts';
import type { PlayerView } from '../players.ts';
import type { RoomOptions } from '../room/options.ts';
import type { Phase } from '../room/phase.ts';
import { type Box, cssLength, hasPresenter, layOut, SMALL_VIEW, type SmallView, type Template } from './layout.ts';

/** One tile as the template draws it; plain data for `setData`. */
export interface TileView {
  readonly key: string;
  readonly userID: string;
  readonly name: string;
  /** One sign that stands for the person while there is no picture. */
  readonly initial: string;
  /** Colour behind it, 0–5: the same for the same person everywhere. */
  readonly hue: number;
  readonly style: string;
  readonly big: boolean;
  readonly floating: boolean;
  readonly screen: boolean;
  readonly src: string;
  readonly mode: 'RTC' | 'live';
  readonly muteAudio: boolean;
  readonly muteVideo: boolean;
  /** The microphone is off, at his end or by choice here. */
  readonly silent: boolean;
  /** A cover lies over the picture: `camera-off`, `hidden`, `loading`, `failed`, or why it cannot be shown; empty for none. */
  readonly cover: string;
}

export interface SelfView {
  readonly initial: string;
  /** Colour behind it, 0–5: the same for the same person everywhere. */
  readonly hue: number;
  readonly style: string;
  readonly big: boolean;
  readonly floating: boolean;
  readonly silent: boolean;
  readonly cameraOff: boolean;
}

export interface RoomView {
  readonly phase: Phase;
  readonly reconnecting: boolean;
  readonly bleed: boolean;
  readonly self: SelfView;
  readonly tiles: readonly TileView[];
  /** Names of those without a tile. */
  readonly waiting: readonly { readonly key: string; readonly name: string }[];
}

export interface ViewParts {
  readonly phase: Phase;
  readonly reconnecting: boolean;
  readonly template: Template;
  readonly swapped: boolean;
  readonly small: SmallView;
  readonly roomCreator: string;
  readonly selfId: string;
  readonly selfName: string;
  readonly camera: boolean;
  readonly microphone: boolean;
  /** Those with a place, in the order of the places. */
  readonly seated: readonly RemoteStream[];
  readonly waiting: readonly RemoteStream[];
  readonly player: (key: string) => PlayerView;
  /** Who was silenced here by `enableAudio`. */
  readonly deaf: ReadonlySet<string>;
  /** Whose picture is shown here: by `autoplay`, `enableVideo` or a tap. */
  readonly shows: (userId: string) => boolean;
}

/** Before anything is known: so that a template never meets `undefined`. */
export const EMPTY_VIEW: RoomView = {
  phase: 'idle',
  reconnecting: false,
  bleed: true,
  self: { initial: '', hue: 0, style: '', big: true, floating: false, silent: false, cameraOff: false },
  tiles: [],
  waiting: [],
};

/** First sign of a name as people see it: a Chinese character, an emoji of two units, a letter in upper case. */
export function initialOf(name: string): string {
  for (const sign of name.trim()) return sign.toUpperCase();
  return '';
}

/** A colour for a person, of six. */
export function hueOf(userId: string): number {
  let sum = 0;
  for (let i = 0; i < userId.length; i++) sum = (sum * 31 + userId.charCodeAt(i)) % 6_007;
  return sum % 6;
}

/** The small picture by the four properties, each checked on its own. */
export function smallViewOf(options: RoomOptions): SmallView {
  return {
    left: cssLength(options.smallViewLeft, SMALL_VIEW.left),
    top: cssLength(options.smallViewTop, SMALL_VIEW.top),
    width: cssLength(options.smallViewWidth, SMALL_VIEW.width),
    height: cssLength(options.smallViewHeight, SMALL_VIEW.height),
  };
}

/** Everything the template draws, from everything that is known. */
export function buildView(parts: ViewParts): RoomView {
  const { seated, template } = parts;
  const layout = layOut({
    template,
    others: seated.length,
    presenter: presenterOf(parts),
    swapped: parts.swapped,
    small: parts.small,
  });
  const self = layout.self;
  return {
    phase: parts.phase,
    reconnecting: parts.reconnecting,
    bleed: layout.bleed,
    self: {
      initial: initialOf(parts.selfName),
      hue: hueOf(parts.selfId),
      style: styleOf(self),
      big: self.big,
      floating: self.floating,
      silent: !parts.microphone,
      cameraOff: !parts.camera,
    },
    tiles: seated.map((stream, i) => tileOf(stream, layout.others[i] ?? self, parts)),
    waiting: parts.waiting.map(({ key, name }) => ({ key, name })),
  };
}

function presenterOf({ template, roomCreator, selfId, seated }: ViewParts): number | 'self' | null {
  if (!hasPresenter(template) || roomCreator === '') return null;
  if (roomCreator === selfId) return 'self';
  // A screen that the presenter shows is what the others came to see.
  const screen = seated.findIndex((stream) => stream.userId === roomCreator && stream.streamType === 'aux');
  const at = screen !== -1 ? screen : seated.findIndex((stream) => stream.userId === roomCreator);
  return at === -1 ? null : at;
}

function tileOf(stream: RemoteStream, box: Box, parts: ViewParts): TileView {
  const player = parts.player(stream.key);
  const muteAudio = parts.deaf.has(stream.userId);
  const muteVideo = !parts.shows(stream.userId);
  return {
    key: stream.key,
    userID: stream.userId,
    name: stream.name,
    initial: initialOf(stream.name),
    hue: hueOf(stream.userId),
    style: styleOf(box),
    big: box.big,
    floating: box.floating,
    screen: stream.streamType === 'aux',
    src: player.src,
    mode: player.mode,
    muteAudio,
    muteVideo,
    silent: muteAudio || (!stream.hasAudio && stream.streamType === 'main'),
    cover: coverOf(stream, player, muteVideo),
  };
}

function coverOf(stream: RemoteStream, player: PlayerView, muteVideo: boolean): string {
  if (stream.missing !== '' && stream.missing !== 'audio-codec') return stream.missing;
  if (player.failed) return 'failed';
  if (!stream.hasVideo) return 'camera-off';
  if (muteVideo) return 'hidden';
  return player.playing ? '' : 'loading';
}

function styleOf(box: Box): string {
  return `left:${box.left};top:${box.top};width:${box.width};height:${box.height};z-index:${box.z}`;
}
