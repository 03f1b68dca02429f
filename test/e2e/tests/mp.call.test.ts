import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from '@lianmai/mp-host/build';
import { openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import { startMedia } from '@lianmai/mp-host/media';
import { chromium } from 'playwright-core';
import { beforeAll, describe, it } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../src/browsers/chromium.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { usePhoneStage } from '../src/phones/stage.ts';
import { makeFakeMedia } from '../src/product/fake-media.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();
const BUILT = fileURLToPath(new URL('../../../apps/miniprogram/dist', import.meta.url));
const BUILD = fileURLToPath(new URL('../../../apps/miniprogram/scripts/build.mjs', import.meta.url));

// What is opened is what WeChat's tool would open, and never an old one.
beforeAll(() => promisify(execFile)(process.execPath, [BUILD]), 60_000);

describe('the mini program and a browser in one room', () => {
  it('the mini program joins by number, and the browser sees and hears what it pushes', async () => {
    const { anna, product } = stage;
    const folder = await mkdtemp(join(tmpdir(), 'lianmai-mp-'));
    stage.cleanUp(() => rm(folder, { recursive: true, force: true }));
    await cp(BUILT, folder, { recursive: true });
    const config = { kind: 'self-hosted', baseUrl: product.httpUrl, login: 'guest' };
    await writeFile(join(folder, 'config.js'), `exports.BACKEND = ${JSON.stringify(config)};`);
    const bundle = await build({ root: folder });
    const media = await startMedia();
    stage.cleanUp(() => media.close());
    const fake = await makeFakeMedia(COLORS.green, TONES.c);
    stage.cleanUp(() => fake.remove());
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: [
        ...CHROMIUM_ARGS,
        `--use-file-for-fake-video-capture=${fake.video}`,
        `--use-file-for-fake-audio-capture=${fake.audio}`,
      ],
    });
    stage.cleanUp(() => browser.close());
    await anna.open();
    const roomId = await anna.createRoom('mini');
    const context = await browser.newContext(PHONE);
    const phone = await openInChromium(await context.newPage(), bundle, { media });
    await phone.tap('join');
    await phone.input('number', roomId);
    await phone.input('user-name', 'Mia');
    await phone.tap('submit');
    await phone.get('room-in-room').waitFor({ timeout: 15_000 });
    const [identity = ''] = await waitFor(
      'Mia on the page',
      () => anna.watch('identities'),
      (all) => all.length === 1,
    );
    const mia = { name: 'Mia', color: COLORS.green, tone: TONES.c, identity: async () => identity };
    await anna.expectPicture(mia);
    await anna.expectTone(mia);
    await phone.close();
  }, 60_000);
});
