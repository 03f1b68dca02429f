import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { OpenApiCheck } from '../src/product/openapi.ts';
import { Person } from '../src/product/person.ts';
import { type Product, startProduct } from '../src/product/server.ts';
import { onLiveKit } from '../src/targets/index.ts';
import { until } from '../src/wait.ts';

const address = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

if (address === undefined) console.log('This machine has no address but the loopback one: https is not tested.');
// An https page takes no plain WebSocket: an external livekit-server needs a certificate of its own, which is not ours.
describe.skipIf(address === undefined || onLiveKit)('the product by https, at an address of the local network', () => {
  let product: Product;
  let anna: Person;
  let ben: Person;
  let signalUrl = '';

  beforeAll(async () => {
    product = await startProduct({}, { httpsAddress: address ?? '' });
    // By a client that trusts nothing but the public authorities and the one `lianmai cert` has made.
    const openApi = await OpenApiCheck.load(product.httpUrl);
    anna = await Person.arrive(product.httpUrl, openApi, { name: 'Anna', color: COLORS.red, tone: TONES.a });
    ben = await Person.arrive(product.httpUrl, openApi, { name: 'Ben', color: COLORS.blue, tone: TONES.b });
  }, 120_000);
  afterAll(async () => {
    await Promise.all([anna?.leave(), ben?.leave()]);
    await product?.close();
  });

  it('the page is a secure context, and shows the camera before the call', async () => {
    await anna.open();
    expect(await anna.page.evaluate('isSecureContext')).toBe(true);
    await anna.at('create-name').fill('Certified');
    await anna.at('create-submit').click();
    await anna.at('prejoin').waitFor();
    const shown = `(() => {
      const video = document.querySelector('[data-testid="prejoin"] video');
      return video !== null && video.videoWidth > 0 && !video.paused;
    })()`;
    await until('a preview of the camera', () => anna.page.evaluate<boolean>(shown));
  }, 120_000);

  it('two people at it see and hear each other, signalling over wss', async () => {
    anna.page.on('websocket', (socket) => {
      signalUrl = socket.url();
    });
    await anna.goIn();
    await anna.page.waitForURL(/\/r\/\d+/);
    await ben.open(new URL(anna.page.url()).pathname);
    await ben.goIn();
    await anna.expectPicture(ben);
    await ben.expectPicture(anna);
    await anna.expectTone(ben);
    await ben.expectTone(anna);
    expect(new URL(signalUrl).protocol).toBe('wss:');
    expect(new URL(signalUrl).host).toBe(new URL(product.httpUrl).host);
  }, 180_000);

  it('plain http at the same port is not served', async () => {
    await expect(fetch(product.httpUrl.replace('https:', 'http:'))).rejects.toThrow();
  });
});
