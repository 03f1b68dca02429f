import type { ChatLine } from './signals.ts';
import { hueOf, initialOf, type LineRow, type RoomView } from './view.ts';

/** Lines that are kept; older ones go. */
const MAX_LINES = 200;

/** The room's conversation as this phone has it. */
export class Chat {
  readonly #selfId: () => string;
  readonly #show: (changes: Partial<RoomView>) => void;
  readonly #isOpen: () => boolean;
  #lines: LineRow[] = [];
  #unread = 0;

  constructor(selfId: () => string, show: (changes: Partial<RoomView>) => void, isOpen: () => boolean) {
    this.#selfId = selfId;
    this.#show = show;
    this.#isOpen = isOpen;
  }

  /** Takes what was said; lines that are known are passed over. */
  take(lines: readonly ChatLine[]): void {
    const known = new Set(this.#lines.map((line) => line.id));
    const fresh = lines.filter((line) => !known.has(line.id));
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

  /** The sheet was opened. */
  read(): void {
    this.#unread = 0;
  }
}
