import { type WaitOptions, waitFor } from '../wait.ts';
import type { MiniPhone } from './mini-phone.ts';

/** What happened on a phone since it was opened, in order. */
export interface Recorded {
  /** `push start <url>`, `push -1307`, `play -2301`: what live-pusher and live-players were told to do, and said. */
  readonly live: readonly string[];
  /** `link-reconnecting <words>`, `problem-<key> <words>`, `mp-toast <words>`: what the page said, each time anew. */
  readonly said: readonly string[];
}

/**
 * For `prepare`: writes down what live components do and what the page says, however shortly it stands there. In the page's
 * JavaScript; it sees the host as `mp`.
 */
export const RECORD = `
  const recorded = { live: [], said: [] };
  window.recorded = recorded;
  const note = (text) => recorded.live.push(text);
  const { backend } = mp.live;
  const heard = (kind, view) => Object.create(view, {
    state: { value: (code, message) => { note(kind + ' ' + code); view.state(code, message); } },
  });
  mp.live.backend = {
    pusher(view) {
      const session = backend.pusher(heard('push', view));
      return {
        command: (command, options) => {
          note('push ' + command + (command === 'start' ? ' ' + view.props.url : ''));
          return session.command(command, options);
        },
        changed: (names) => session.changed(names),
        destroy: () => session.destroy(),
      };
    },
    player(view) {
      if (view.props.src !== '') note('play start ' + view.props.src);
      return backend.player(heard('play', view));
    },
  };
  const MARKS = '[data-testid^="link-"], [data-testid^="problem-"], [data-testid="mp-toast"]';
  let shown = new Set();
  new MutationObserver(() => {
    const now = new Set([...document.querySelectorAll(MARKS)]
      .filter((element) => element.getClientRects().length > 0)
      .map((element) => element.dataset.testid + ' ' + element.innerText.trim().replaceAll('\\n', ' ')));
    for (const one of now) if (!shown.has(one)) recorded.said.push(one);
    shown = now;
  }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
`;

export async function recorded(phone: MiniPhone): Promise<Recorded> {
  return (await phone.page.evaluate('({ live: [...recorded.live], said: [...recorded.said] })')) as Recorded;
}

/** Adds what happened on the phone to a failure. */
export async function withRecord<T>(phone: MiniPhone, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { live, said } = await recorded(phone);
    throw new Error(`${String(error)}\n${[...live, '', ...said].join('\n')}`, { cause: error });
  }
}

/** What has been recorded since `mark`, once it is as wanted. */
export function waitForRecord(
  phone: MiniPhone,
  what: string,
  accept: (since: Recorded) => boolean,
  mark: Recorded = { live: [], said: [] },
  options: WaitOptions = {},
): Promise<Recorded> {
  return waitFor(
    `${phone.name}: ${what}`,
    async () => {
      const { live, said } = await recorded(phone);
      return { live: live.slice(mark.live.length), said: said.slice(mark.said.length) };
    },
    accept,
    { timeout: 30_000, ...options },
  );
}
