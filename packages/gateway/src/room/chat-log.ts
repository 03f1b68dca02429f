import type { PhoneChat } from '@lianmai/protocol';

/** Ids remembered so that a message that came by two ways is told once. */
const REMEMBERED = 500;

/** The last messages of a room's conversation, for phones that come or come back. */
export class ChatLog {
  readonly #limit: number;
  #messages: PhoneChat[] = [];
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when the message is known already. */
  add(message: PhoneChat): boolean {
    const key = `${message.userid}/${message.id}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.#messages.push(message);
    if (this.#messages.length > this.#limit) this.#messages.shift();
    return true;
  }

  messages(): PhoneChat[] {
    return [...this.#messages];
  }
}
