import { hueOf, initialOf } from '../../core/view/room-view.ts';
import { fill, fillCount, type Words } from '../../i18n/index.ts';
import type { RoomInfo } from '../../services/core.ts';
import type { ProblemWords } from '../../services/problems.ts';
import type { Stream } from './signals.ts';

/** Colours and initials are those of the tiles. */
export { hueOf, initialOf };

/** Everything the page shows, apart from words that never change. */
export interface RoomView {
  readonly phase: 'entering' | 'in-room' | 'problem';
  readonly step: string;
  readonly title: string;
  readonly number: string;
  readonly link: 'up' | 'reconnecting' | 'restarting' | 'sending' | 'rejoining';
  readonly linkText: string;
  readonly problem: ProblemWords | null;
  /** A sentence over the pictures, until it is tapped away or overtaken. */
  readonly notice: string;
  readonly people: readonly PersonRow[];
  readonly peopleTitle: string;
  readonly alone: boolean;
  readonly aloneText: string;
  readonly isOwner: boolean;
  /** Owners of self-hosted rooms can mute others; Tencent's media service is not ours to change. */
  readonly canMute: boolean;
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly beauty: number;
  readonly template: string;
  readonly presenter: string;
  readonly lines: readonly LineRow[];
  readonly unread: number;
  readonly sheet: 'none' | 'people' | 'chat' | 'more';
}

/** What the page says of the component's troubles. */
export const LINKS = {
  '': 'up',
  connection: 'reconnecting',
  'server-restart': 'restarting',
  sending: 'sending',
} as const;

export interface PersonRow {
  readonly id: string;
  readonly name: string;
  readonly initial: string;
  readonly hue: number;
  readonly self: boolean;
  readonly owner: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  /** In words; empty when all is well. */
  readonly missing: string;
  /** `poor` and `lost` are shown. */
  readonly quality: string;
  /** May be muted and removed by this user. */
  readonly mine: boolean;
}

export interface LineRow {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly self: boolean;
  readonly initial: string;
  readonly hue: number;
}

export const FIRST_VIEW: RoomView = {
  phase: 'entering',
  step: '',
  title: '',
  number: '',
  link: 'up',
  linkText: '',
  problem: null,
  notice: '',
  people: [],
  peopleTitle: '',
  alone: false,
  aloneText: '',
  isOwner: false,
  canMute: true,
  microphone: true,
  camera: true,
  beauty: 5,
  template: 'grid',
  presenter: '',
  lines: [],
  unread: 0,
  sheet: 'none',
};

export interface Self {
  readonly id: string;
  readonly name: string;
  readonly microphone: boolean;
  readonly camera: boolean;
}

/** The list of people: oneself first, then the others as they came; a screen share belongs to its user. */
export function peopleRows(self: Self, streams: readonly Stream[], ownerId: string, words: Words): PersonRow[] {
  const isOwner = self.id === ownerId;
  const rows: PersonRow[] = [
    {
      id: self.id,
      name: self.name || words.people.you,
      initial: initialOf(self.name || words.people.you),
      hue: hueOf(self.id),
      self: true,
      owner: isOwner,
      audio: self.microphone,
      video: self.camera,
      missing: '',
      quality: '',
      mine: false,
    },
  ];
  for (const stream of streams) {
    if (stream.streamType === 'aux') continue;
    const name = stream.name || stream.userId;
    rows.push({
      id: stream.userId,
      name,
      initial: initialOf(name),
      hue: hueOf(stream.userId),
      self: false,
      owner: stream.userId === ownerId,
      audio: stream.hasAudio,
      video: stream.hasVideo,
      missing: missingWords(stream.missing, words),
      quality: stream.quality === 'poor' || stream.quality === 'lost' ? stream.quality : '',
      mine: isOwner,
    });
  }
  return rows;
}

function missingWords(missing: string, words: Words): string {
  const table: Readonly<Record<string, string>> = words.people.missing;
  return table[missing] ?? '';
}

export function titleOf(room: RoomInfo, words: Words): string {
  return room.roomName || fill(words.app.unnamed, { number: room.roomID });
}

/** What follows from the list: its heading, and whether anybody is to be invited. */
export function peopleView(rows: readonly PersonRow[], number: string, words: Words): Partial<RoomView> {
  return {
    people: rows,
    peopleTitle: fillCount(words.people.title, rows.length),
    alone: rows.length === 1,
    aloneText: fill(words.room.aloneBody, { number }),
    isOwner: rows[0]?.owner ?? false,
  };
}
