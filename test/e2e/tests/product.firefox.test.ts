import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isColor } from '../src/client.ts';
import type { Look, StatsRow } from '../src/harness-api.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { expectPicture, Fox } from '../src/product/fox.ts';
import { OpenApiCheck } from '../src/product/openapi.ts';
import { Person } from '../src/product/person.ts';
import { type Product, startProduct } from '../src/product/server.ts';
import { waitFor } from '../src/wait.ts';

let product: Product;
let anna: Person;
let fox: Fox;

describe('Chromium and Firefox on the page', () => {
  beforeAll(async () => {
    product = await startProduct();
    const openApi = await OpenApiCheck.load(product.httpUrl);
    anna = await Person.arrive(product.httpUrl, openApi, { name: 'Anna', color: COLORS.red, tone: TONES.a });
    fox = await Fox.arrive(TONES.b);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([anna?.leave(), fox?.leave()]);
    await product?.close();
  });

  it('a room of both: pictures and tones, decoded both ways', async () => {
    await anna.open();
    const roomId = await anna.createRoom('Two browsers');
    await fox.enter(`${product.httpUrl}/r/${roomId}?debug=1`);
    await fox.expectPicture(anna, (looks) => {
      const red = looks.filter(({ color }) => isColor(color, anna.color));
      return movingOn(red) && spread(red.map(({ mark }) => mark)) > 0.03;
    });
    // Firefox's fake camera paints everything in one colour that wanders.
    await expectPicture(anna, fox, (looks) => {
      const wandered = [0, 1, 2].map((channel) => spread(looks.map(({ color }) => color[channel] ?? 0)));
      return movingOn(looks) && Math.max(...wandered) > 25;
    });
    await anna.expectTone(fox);
    await fox.expectTone(anna);
  }, 240_000);

  it('what is sent is what every member can decode', async () => {
    for (const viewer of [anna, fox]) {
      const rows = await waitFor(
        `${viewer.name}: decoded video`,
        async () => (await viewer.watch('stats')).filter(isReceived),
        (all) => all.some(({ values }) => Number(values['framesDecoded']) > 0),
      );
      // This Firefox has no H.264.
      expect([...new Set(rows.map(({ codec }) => codec))]).toEqual(['video/VP8']);
    }
  }, 60_000);
});

/** A stream of pictures of which something has come: until then it has no codec. */
function isReceived({ type, kind, values }: StatsRow): boolean {
  return type === 'inbound-rtp' && kind === 'video' && Number(values['packetsReceived']) > 0;
}

/** More frames on the last look than on the first one. */
function movingOn(looks: readonly Look[]): boolean {
  return (looks.at(-1)?.frames ?? 0) >= (looks[0]?.frames ?? 0) + 5;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
