import { fill, fillCount, type Words } from '../../i18n/index.ts';
import { ageOf, type RoomInfo } from '../../services/core.ts';
import { hueOf, initialOf } from '../room/view.ts';

/** A room as it stands in the list. */
export interface RoomRow {
  readonly id: string;
  readonly name: string;
  readonly initial: string;
  readonly hue: number;
  readonly number: string;
  readonly people: string;
  readonly full: boolean;
  readonly age: string;
}

/** A room as a line of the list. `now`: Unix milliseconds, for its age. */
export function rowOf(room: RoomInfo, now: number, words: Words): RoomRow {
  const name = room.roomName || fill(words.app.unnamed, { number: room.roomID });
  const age = ageOf(room.createTime, now);
  return {
    id: room.roomID,
    name,
    initial: initialOf(name),
    hue: hueOf(room.roomID),
    number: fill(words.list.number, { number: room.roomID }),
    people: fill(words.list.people, { count: room.memberCount, capacity: room.capacity }),
    full: room.memberCount >= room.capacity,
    age: age.unit === 'now' ? words.age.now : fillCount(words.age[age.unit], age.count),
  };
}
