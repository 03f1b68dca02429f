import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../browsers/chromium.ts';
import { type FakeMedia, makeFakeMedia } from '../product/fake-media.ts';
import { buildMiniProgram, type MiniBundle, type MiniConfig } from './bundle.ts';
import { MINI, MiniPhone, type MiniPhoneOptions } from './mini-phone.ts';

/** What a test file about the mini program gets: phones that have it open, and are closed after each test. */
export interface MiniStage {
  open(name: string, options?: MiniPhoneOptions): Promise<MiniPhone>;
}

/**
 * Builds the mini program and starts a Chromium with a green camera and a tone of 1300 Hz, once a file. Call it after the
 * stage that the configuration speaks of.
 *
 * @param config read when everything before it is up
 */
export function useMiniPrograms(config: () => MiniConfig): MiniStage {
  let bundle: MiniBundle | null = null;
  let browser: Browser | null = null;
  let fake: FakeMedia | null = null;
  const phones: MiniPhone[] = [];

  beforeAll(async () => {
    fake = await makeFakeMedia(MINI.color, MINI.tone);
    bundle = await buildMiniProgram(config());
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: [
        ...CHROMIUM_ARGS,
        `--use-file-for-fake-video-capture=${fake.video}`,
        `--use-file-for-fake-audio-capture=${fake.audio}`,
      ],
    });
  }, 60_000);
  afterEach(async () => {
    const problems: unknown[] = [];
    for (const phone of phones.splice(0)) await phone.close().catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw problems[0];
  });
  afterAll(async () => {
    await browser?.close();
    await fake?.remove();
  });

  return {
    async open(name, options = {}) {
      if (bundle === null || browser === null) throw new Error('the stage of mini programs is not up');
      const phone = await MiniPhone.open(name, browser, bundle, options);
      phones.push(phone);
      return phone;
    },
  };
}

/** The mini program of a server of one's own, for guests. */
export function guestsOf(baseUrl: string): MiniConfig {
  return { kind: 'self-hosted', baseUrl, login: 'guest' };
}
