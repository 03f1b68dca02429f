import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsdomPhone } from '../src/drivers/jsdom.ts';
import { openSample } from './sample.ts';

let phone: JsdomPhone;

beforeEach(async () => {
  phone = await openSample({ url: 'pages/fields/fields' });
});

afterEach(() => phone.close());

/** What the page heard, as a copy of this realm. */
function heard(): unknown[] {
  return JSON.parse(JSON.stringify(phone.host.page['heard']));
}

async function click(testid: string): Promise<void> {
  phone.get(testid).querySelector('input')?.click();
  await phone.settle();
}

describe('built-in components', () => {
  it('[MH52] a form collects its fields by name, and resets them', async () => {
    await phone.input('text', 'second');
    await phone.input('area', 'lines');
    await click('switch');
    await click('radio-c');
    await click('box-x');
    await phone.tap('picker');
    await phone.tap('mp-picker-1');
    await phone.tap('submit');
    expect(heard()).toEqual([
      true,
      'c',
      ['x', 'y'],
      1,
      { text: 'second', area: 'lines', switch: true, slider: 30, radio: 'c', boxes: ['x', 'y'], picker: 1 },
    ]);
    await phone.tap('reset');
    await phone.tap('submit');
    expect(heard().at(-2)).toBe('reset');
    expect(heard().at(-1)).toMatchObject({ text: '', area: '', switch: false, radio: '', boxes: [], slider: 0 });
  });

  it('[MH53] a label stands for the control in it', async () => {
    await phone.tap('label-c');
    await phone.tap('label-b');
    expect(heard()).toEqual(['c', 'a']);
  });

  it('[MH54] scroll-view, swiper and image bring their events', async () => {
    const { Event, CustomEvent } = phone.document.defaultView ?? globalThis;
    phone.get('scroll').dispatchEvent(new Event('scroll'));
    phone.get('swiper').dispatchEvent(new CustomEvent('mp-swipe', { detail: 1 }));
    phone.get('image').querySelector('img')?.dispatchEvent(new Event('error'));
    expect(heard()).toEqual(['lower', 1, 'broken']);
    expect(phone.get('image').querySelector('img')?.style.objectFit).toBe('contain');
  });

  it('[MH55] a navigator goes where it says', async () => {
    await phone.tap('navigator');
    expect(phone.routes).toEqual(['pages/home/home']);
  });

  it('[MH56] buttons open what their open-type says', async () => {
    phone.host.consents.privacyNeeded = true;
    phone.host.consents.settingsChange = { 'scope.camera': true };
    await phone.tap('share');
    await phone.tap('agree');
    await phone.tap('settings');
    expect(phone.host.pages.shares.map((share) => share.result['title'])).toEqual(['from button 7']);
    expect(phone.host.consents.privacyNeeded).toBe(false);
    expect(heard()).toEqual(['agreed', { 'scope.camera': true }]);
  });

  it('[MH57] every component may be hidden and named', async () => {
    expect(phone.find('hidden')).toBeNull();
    expect(phone.get('aria').getAttribute('aria-label')).toBe('named');
    expect(phone.get('aria').getAttribute('role')).toBe('img');
  });
});
