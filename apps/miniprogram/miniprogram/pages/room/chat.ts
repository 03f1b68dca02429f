import type { ChatLine } from './signals.ts';
import { hueOf, initialOf, type LineRow, type RoomView } from './view.ts';

/** Lines that are kept; older ones go. */
const MAX_LINES = 200;

/** Ids of lines that the room has not told. */
const OWN = 'own-';

/** The room's conversation as this phone has it. */
export class Chat {
  readonly #selfId: () => string;
  readonly #show: (changes: Partial<RoomView>) => void;
  readonly #isOpen: () => boolean;
  #lines: LineRow[] = [];
  #unread = 0;
  #sent = 0;

  constructor(selfId: () => string, show: (changes: Partial<RoomView>) => void, isOpen: () => boolean) {
    this.#selfId = selfId;
    this.#show = show;
    this.#isOpen = isOpen;
  }

  /** Takes what was said; lines that are known are passed over. */
  take(lines: readonly ChatLine[]): void {
    const known = new Set(this.#lines.map((line) => line.id));
    const fresh = lines.filter((line) => !known.has(line.id) && !this.#recognise(line));
    if (fresh.length === 0) return;
    const self = this.#selfId();
    this.#lines = [
      ...this.#lines,
      ...fresh.map((line) => ({
        id: line.id,
        name: line.name,
        text: line.text,
        self: line.userId === self,
        initial: initialOf(line.name),
        hue: hueOf(line.userId),
      })),
    ].slice(-MAX_LINES);
    const others = fresh.filter((line) => line.userId !== self).length;
    this.#unread = this.#isOpen() ? 0 : this.#unread + others;
    this.#show({ lines: this.#lines, unread: this.#unread });
  }

  /** One's own line went out: the room tells it to the others only. */
  sent(text: string, name: string): void {
    this.#sent += 1;
    this.take([{ id: `${OWN}${this.#sent}`, userId: this.#selfId(), name, text }]);
  }

  /** The sheet was opened. */
  read(): void {
    this.#unread = 0;
  }

  /** After a new entry the room tells one's own earlier lines too, under the room's ids: those that stand here take theirs. */
  #recognise(line: ChatLine): boolean {
    if (line.userId !== this.#selfId() || line.id.startsWith(OWN)) return false;
    const at = this.#lines.findIndex(({ id, self, text }) => self && text === line.text && id.startsWith(OWN));
    if (at === -1) return false;
    this.#lines = this.#lines.map((row, index) => (index === at ? { ...row, id: line.id } : row));
    return true;
  }
}
