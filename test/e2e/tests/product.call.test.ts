import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { OpenApiCheck } from '../src/product/openapi.ts';
import { Person } from '../src/product/person.ts';
import { type Product, startProduct } from '../src/product/server.ts';
import { until, waitFor } from '../src/wait.ts';

let product: Product;
let openApi: OpenApiCheck;
const people: Person[] = [];

describe('the product, from the lobby to the picture', () => {
  beforeAll(async () => {
    product = await startProduct();
    openApi = await OpenApiCheck.load(product.httpUrl);
    const traits = [
      { name: 'Anna', color: COLORS.red, tone: TONES.a },
      { name: 'Ben', color: COLORS.blue, tone: TONES.b },
      { name: 'Carl', color: COLORS.green, tone: TONES.c },
      { name: 'Dora', color: COLORS.magenta, tone: TONES.d },
    ];
    for (const one of traits) people.push(await Person.arrive(product.httpUrl, openApi, one));
  }, 180_000);
  afterAll(async () => {
    await Promise.all(people.map((person) => person.leave()));
    await product?.close();
  });

  /** Everybody sees and hears everybody else. */
  async function expectCall(those: readonly Person[]): Promise<void> {
    for (const viewer of those) {
      for (const other of those) {
        if (viewer === other) continue;
        await viewer.expectPicture(other);
        await viewer.expectTone(other);
      }
    }
  }

  function cast(): readonly [Person, Person, Person, Person] {
    const [anna, ben, carl, dora] = people;
    if (!anna || !ben || !carl || !dora) throw new Error('not everybody has arrived');
    return [anna, ben, carl, dora];
  }

  it('two pages go through every step of the way and see and hear each other', async () => {
    const [anna, ben] = cast();
    await anna.open();
    const roomId = await anna.createRoom('Stand-up');
    await ben.open();
    await until('the room in the lobby', async () => {
      return (await ben.page.locator(`[data-testid="room-list-item"][data-room="${roomId}"]`).count()) === 1;
    });
    await ben.joinByNumber(roomId);
    await expectCall([anna, ben]);
    for (const person of [anna, ben]) {
      const steps = person.answers.map((answer) => answer.step);
      const way = ['webrtc-login', 'webrtc-enter-room', 'roomsig'].map((step) => steps.indexOf(step));
      expect(way.every((at) => at >= 0)).toBe(true);
      expect([...way].sort((a, b) => a - b)).toEqual(way);
      expect(person.sockets).toContain('/rtc/v1');
      const { signInfo } = person.lastAnswer('webrtc-enter-room').body['data'] as { signInfo: Record<string, unknown> };
      expect(signInfo['userSig']).toMatch(/^[\w*-]+$/);
      expect(signInfo['privateMapKey']).not.toBe('');
      const { RspBody } = person.lastAnswer('roomsig').body as { RspBody: { url: string; token: string } };
      expect(RspBody.url).toMatch(/^ws/);
      expect(RspBody.token.split('.')).toHaveLength(3);
    }
  }, 180_000);

  it('four pages: all pictures and all tones', async () => {
    const [anna, ben, carl, dora] = cast();
    const roomId = /\/r\/(\d+)/.exec(anna.page.url())?.[1] ?? '';
    for (const newcomer of [carl, dora]) {
      // By the share link.
      await newcomer.open(`/r/${roomId}`);
      await newcomer.goIn();
    }
    await expectCall([anna, ben, carl, dora]);
  }, 300_000);

  it('mute: by oneself, and by the owner', async () => {
    const [anna, ben, carl] = cast();
    await ben.at('toggle-mic').click();
    await anna.expectSilence(ben);
    await ben.at('toggle-mic').click();
    await anna.expectTone(ben);
    await anna.at('toggle-people').click();
    const identity = await carl.identity();
    await anna.page
      .locator(`[data-testid="people-item"][data-identity="${identity}"]`)
      .getByTestId('mute-member')
      .click();
    await ben.expectSilence(carl);
    await anna.at('toggle-people').click();
  }, 180_000);

  it('camera off and on', async () => {
    const [anna, ben] = cast();
    await ben.at('toggle-camera').click();
    const identity = await ben.identity();
    await waitFor(
      'no picture of Ben',
      () => anna.watch('look', identity, 'camera'),
      (seen) => seen === null || !(seen.color[2] > 150 && seen.color[0] < 80),
    );
    await ben.at('toggle-camera').click();
    await anna.expectPicture(ben);
  }, 120_000);

  it('screen share', async () => {
    const [anna, ben, carl] = cast();
    await ben.at('toggle-screen').click();
    await anna.expectPicture(ben, { source: 'screen_share', color: COLORS.grey });
    await carl.expectPicture(ben, { source: 'screen_share', color: COLORS.grey });
    await ben.at('toggle-screen').click();
    const identity = await ben.identity();
    await waitFor(
      'the screen gone',
      () => anna.watch('look', identity, 'screen_share'),
      (seen) => seen === null,
    );
  }, 180_000);

  it('chat', async () => {
    const [anna, ben, carl] = cast();
    for (const person of [anna, ben, carl]) await person.at('toggle-chat').click();
    await ben.at('chat-input').fill('Hello, 你好');
    await ben.at('chat-send').click();
    for (const person of [anna, ben, carl]) {
      await person.at('chat-message').filter({ hasText: 'Hello, 你好' }).waitFor();
    }
    for (const person of [anna, ben, carl]) await person.at('toggle-chat').click();
  }, 120_000);

  it('a crashed tab frees its seat', async () => {
    const [anna, , , dora] = cast();
    const identity = await dora.identity();
    await dora.crash();
    await waitFor(
      'Dora gone from the pages',
      () => anna.watch('identities'),
      (all) => !all.includes(identity),
      { timeout: 60_000 },
    );
    const { authorization } = anna.lastAnswer('webrtc-enter-room');
    const roomID = /\/r\/(\d+)/.exec(anna.page.url())?.[1];
    await waitFor(
      'three seats taken',
      async () => {
        const answer = await fetch(`${product.httpUrl}/functions/webrtc-get-room-info`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ roomID }),
        });
        return (await answer.json()) as { data: { memberCount: number; members?: readonly { userID: string }[] } };
      },
      ({ data }) => data.memberCount === 3 && !data.members?.some((member) => member.userID === identity),
    );
  }, 180_000);

  it('a server restart: the call comes back by itself, and the seats are still there', async () => {
    const [anna, ben] = cast();
    await product.stop();
    await product.start();
    await anna.expectPicture(ben, { timeout: 60_000 });
    await ben.expectPicture(anna, { timeout: 60_000 });
    await anna.expectTone(ben);
    await ben.expectTone(anna);
  }, 240_000);

  it('every answer was as the OpenAPI document says', () => {
    expect(openApi.checked).toBeGreaterThan(10);
    expect(openApi.problems).toEqual([]);
  });
});
