import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { Phone } from '../src/phones/phone.ts';
import { OpenApiCheck } from '../src/product/openapi.ts';
import { Person } from '../src/product/person.ts';
import { type Product, startProduct } from '../src/product/server.ts';

let product: Product;
let anna: Person;
const phones: Phone[] = [];

beforeAll(async () => {
  product = await startProduct();
  const openApi = await OpenApiCheck.load(product.httpUrl);
  anna = await Person.arrive(product.httpUrl, openApi, { name: 'Anna', color: COLORS.red, tone: TONES.a });
}, 60_000);
afterEach(() => {
  for (const phone of phones.splice(0)) phone.close();
});
afterAll(async () => {
  await anna?.leave();
  await product?.close();
});

async function phone(name: string): Promise<Phone> {
  const one = await Phone.arrive(product, name);
  phones.push(one);
  return one;
}

/** A phone's sound and picture, for a browser that looks. */
function asPublisher(one: Phone, color: (typeof COLORS)[keyof typeof COLORS], tone: number) {
  return { name: one.name, color, tone, identity: async () => one.userId };
}

describe('a phone and a browser in one room', () => {
  it('see and hear each other: RTMP → WebRTC, WebRTC → HTTP-FLV and RTMP', async () => {
    await anna.open();
    const roomId = await anna.createRoom('phones');
    const ben = await phone('Ben');
    await ben.enter(roomId);
    ben.push({ color: COLORS.green, tone: TONES.c });
    const publisher = asPublisher(ben, COLORS.green, TONES.c);
    await anna.expectPicture(publisher);
    await anna.expectTone(publisher);

    const stream = await ben.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const flv = ben.play(stream, 'flv');
    await flv.expectPicture(COLORS.red);
    await flv.expectTone(TONES.a);
    const rtmp = ben.play(stream, 'rtmp');
    await rtmp.expectPicture(COLORS.red);
    await rtmp.expectTone(TONES.a);
    expect(ben.camera.ended).toBe(false);
  }, 90_000);

  it('phones see and hear each other, by FLV and by RTMP', async () => {
    const [ben, cara] = [await phone('Ben'), await phone('Cara')];
    await ben.enter('4711');
    await cara.enter('4711');
    ben.push({ color: COLORS.green, tone: TONES.c });
    const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    for (const by of ['flv', 'rtmp'] as const) {
      const screen = cara.play(stream, by);
      await screen.expectPicture(COLORS.green);
      await screen.expectTone(TONES.c);
    }
  }, 60_000);
});
