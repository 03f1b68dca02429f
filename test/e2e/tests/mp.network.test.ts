import { type PhoneUrls, phoneEventSchema } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import type { MiniPhone } from '../src/miniprogram/mini-phone.ts';
import { RECORD, type Recorded, recorded, waitForRecord, withRecord } from '../src/miniprogram/recorder.ts';
import { guestsOf, type MiniStage, useMiniPrograms } from '../src/miniprogram/stage.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { type PhoneStage, usePhoneStage } from '../src/phones/stage.ts';
import { Caller } from '../src/product/caller.ts';
import { waitFor } from '../src/wait.ts';

/** Everybody's way back, on a machine that has other things to do. */
const BACK = { timeout: 60_000 };

const lines = (list: readonly string[], start: string) => list.filter((one) => one.startsWith(start));
const has = (list: readonly string[], start: string) => lines(list, start).length > 0;

/** Anna's page and the mini program in one room. */
class Call {
  readonly mia: MiniPhone;
  readonly roomId: string;
  readonly #stage: PhoneStage;
  #urls: PhoneUrls | null = null;

  /** They see and hear each other when it resolves. */
  static async start(stage: PhoneStage, programs: MiniStage, name: string): Promise<Call> {
    const { anna } = stage;
    const [mia] = await Promise.all([programs.open('Mia', { prepare: RECORD }), anna.open()]);
    const roomId = await anna.createRoom(name);
    const call = new Call(stage, mia, roomId);
    await mia.join(roomId);
    await call.expectBoth();
    return call;
  }

  private constructor(stage: PhoneStage, mia: MiniPhone, roomId: string) {
    this.#stage = stage;
    this.mia = mia;
    this.roomId = roomId;
    mia.page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        const event = phoneEventSchema.safeParse(readJson(String(payload))).data;
        if (event?.type === 'welcome' || event?.type === 'urls') this.#urls = event.urls;
      });
    });
  }

  /** What signalling gave last. */
  get urls(): PhoneUrls {
    if (this.#urls === null) throw new Error('signalling has given no URLs');
    return this.#urls;
  }

  /** Pictures and tones in both directions; each of the two knows the other once, nobody else, and two seats are taken. */
  async expectBoth(): Promise<void> {
    const { mia } = this;
    const { anna } = this.#stage;
    await withRecord(mia, async () => {
      // Another one after a restart: a page without a session is another guest.
      await Promise.all([anna.expectPicture(mia, BACK), anna.expectTone(mia, BACK)]);
      const annaId = await anna.identity();
      await Promise.all([mia.expectPicture(annaId, COLORS.red, BACK), mia.expectTone(annaId, TONES.a, BACK)]);
      await this.#expectNoGhosts();
    });
  }

  async #expectNoGhosts(): Promise<void> {
    const { mia, roomId } = this;
    const { anna, product } = this.#stage;
    const [miaId, annaId, stranger] = await Promise.all([
      mia.identity(),
      anna.identity(),
      Caller.login(product, 'stranger'),
    ]);
    await waitFor(
      'two people everywhere, and no trouble',
      async () => ({
        anna: await anna.watch('identities'),
        mia: await mia.run<string[]>('mp.page.data.view.people.map((person) => person.id)'),
        seats: (await stranger.info(roomId)).memberCount,
        link: await mia.run<string>('mp.page.data.view.link'),
      }),
      (seen) => JSON.stringify(seen) === JSON.stringify({ anna: [miaId], mia: [miaId, annaId], seats: 2, link: 'up' }),
      BACK,
    );
  }

  /** Waits for what happens on Mia's phone after `mark`. */
  sees(what: string, accept: (since: Recorded) => boolean, mark?: Recorded): Promise<Recorded> {
    return withRecord(this.mia, () => waitForRecord(this.mia, what, accept, mark, BACK));
  }
}

/** The bridge of the media speaks by WebSocket as well, in bytes. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Both have given up: what follows is the component's work. */
const mediaAreLost = ({ live }: Recorded) => has(live, 'play -2301') && has(live, 'push stop');
const saysThatItIsBack = ({ said }: Recorded) => has(said, 'mp-toast You are connected again');

describe('a mini program whose network, server or page comes and goes', () => {
  const stage = usePhoneStage();
  const programs = useMiniPrograms(() => guestsOf(stage.product.httpUrl));

  it('[MP50] [MP51] a lost network is told and made up for; so are media that break alone', async () => {
    const call = await Call.start(stage, programs, 'network');
    const { mia } = call;
    const before = await recorded(mia);
    await mia.goOffline();
    await mia.get('link-reconnecting').waitFor();
    await call.sees('the end of push and player', mediaAreLost, before);
    await mia.goOnline();
    const back = await call.sees('a word that all is well', saysThatItIsBack, before);
    expect(back.said[0]).toBe('link-reconnecting Connection lost. Reconnecting…');
    await call.expectBoth();

    const again = await recorded(mia);
    mia.setMediaNetwork(false);
    await call.sees('live-pusher to give up', ({ live }) => has(live, 'push -1307'), again);
    await call.sees('live-player to give up', mediaAreLost, again);
    mia.setMediaNetwork(true);
    await call.expectBoth();
    const { said } = await recorded(mia);
    expect(said.slice(again.said.length, again.said.length + 1)).toEqual([
      'link-sending Others cannot see or hear you. Trying again…',
    ]);
    // All by the component, never through the door.
    expect([...lines(said, 'problem-'), ...lines(said, 'link-rejoining')]).toEqual([]);
  }, 240_000);

  it('[MP52] out of sight nobody is filmed; what was cut meanwhile is mended when the page is shown', async () => {
    const { anna } = stage;
    const call = await Call.start(stage, programs, 'hidden');
    const { mia } = call;
    const miaId = await mia.identity();
    await mia.hide();
    await waitFor(
      'no picture of Mia',
      () => anna.watch('look', miaId, 'camera'),
      (seen) => seen === null,
      BACK,
    );
    expect(await anna.watch('identities')).toEqual([miaId]);
    await mia.show();
    await call.expectBoth();
    // As the system does with an application that stays away.
    const before = await recorded(mia);
    await mia.hide();
    await mia.goOffline();
    await call.sees('the end of push and player', mediaAreLost, before);
    await mia.goOnline();
    await mia.show();
    await call.expectBoth();
    expect(lines((await recorded(mia)).said, 'problem-')).toEqual([]);
  }, 240_000);

  it("[MP53] [MP54] the gateway's thread dies, then the server restarts: told both times, and both sides are back", async () => {
    const { product } = stage;
    const call = await Call.start(stage, programs, 'restart');
    const { mia } = call;
    await product.crashGateway();
    await call.sees('a word about it', ({ said }) => has(said, 'link-restarting'));
    await call.expectBoth();
    const before = await recorded(mia);
    await product.stop();
    await call.sees('a word about it', ({ said }) => has(said, 'link-restarting'), before);
    await product.start();
    await call.expectBoth();
    expect(lines((await recorded(mia)).said, 'problem-')).toEqual([]);
  }, 240_000);
});

describe('a mini program whose tickets run out', () => {
  const stage = usePhoneStage({ LIANMAI_PHONE_TICKET_SECONDS: '12', LIANMAI_PRIVATEMAPKEY_SECONDS: '30' });
  const programs = useMiniPrograms(() => guestsOf(stage.product.httpUrl));

  it('[MP55] [MP56] they are renewed in time; a phone that could not renew them comes back by fresh ones', async () => {
    const call = await Call.start(stage, programs, 'tickets');
    const { mia } = call;
    const seat = () => mia.run<{ readonly expiresAt: number }>('({ ...mp.page.data.seat })');
    const asked = (name: string) =>
      mia.run<number>(`mp.calls.filter(({ options }) => String(options?.url).endsWith('/${name}')).length`);
    const first = await seat();
    const before = await recorded(mia);
    await waitFor('fresh tickets', seat, ({ expiresAt }) => expiresAt > first.expiresAt, { timeout: 60_000 });
    // Longer than the first URLs were good for; nothing was started anew, nobody went through the door, nobody noticed.
    await call.expectBoth();
    const later = await recorded(mia);
    expect(lines(later.live, 'push start')).toEqual(lines(before.live, 'push start'));
    expect(later.said).toEqual(before.said);
    expect(await asked('webrtc-enter-room')).toBe(1);
    // More than once where all this takes longer than the fresh tickets live.
    expect(await asked('webrtc-sig-api')).toBeGreaterThanOrEqual(1);

    mia.setMediaNetwork(false);
    await call.sees('live-pusher and live-player to give up', mediaAreLost, later);
    mia.setMediaNetwork(true);
    await call.expectBoth();
    const fresh = await recorded(mia);
    expect(lines(fresh.live, 'push start').at(-1)).not.toBe(lines(before.live, 'push start').at(-1));

    // Only media get through, until every URL that the phone has been given has run out.
    await mia.run("mp.network.set('none')");
    await waitFor(
      'the end of all URLs',
      // Fresh ones may have been under way.
      () => Date.now() - call.urls.expiresAt,
      (past) => past > 0,
      BACK,
    );
    const { expiresAt } = call.urls;
    await mia.run("mp.network.set('wifi')");
    const back = await call.sees('a word that all is well', saysThatItIsBack, fresh);
    expect(has(back.said, 'link-reconnecting')).toBe(true);
    await call.expectBoth();
    expect(call.urls.expiresAt).toBeGreaterThan(expiresAt);
    expect(lines((await recorded(mia)).said, 'problem-')).toEqual([]);
  }, 300_000);
});
