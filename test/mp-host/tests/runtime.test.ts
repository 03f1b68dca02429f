import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { build } from '../src/build/index.ts';
import { type JsdomPhone, openInJsdom } from '../src/drivers/jsdom.ts';
import { logOf, openSample, SAMPLE } from './sample.ts';

let phone: JsdomPhone;

afterEach(() => phone.close());

describe('pages and components', () => {
  it('[MH10] calls the functions of application, page and component in WeChat’s order', async () => {
    phone = await openSample();
    expect(logOf(phone)).toEqual([
      'launch pages/home/home',
      'show',
      'card created',
      'card attached',
      'home load',
      'home show',
      'card page show',
      'card ready',
      'home ready',
    ]);
  });

  it('[MH11] hides the page below, shows it again after the way back, and unloads the one on top', async () => {
    phone = await openSample();
    await phone.tap('go');
    expect(phone.routes).toEqual(['pages/home/home', 'pages/live/live']);
    expect(logOf(phone).slice(9)).toEqual(['home hide', 'card page hide', 'live load 7', 'live ready']);
    expect(phone.find('title')).toBeNull();
    await phone.tap('mp-back');
    expect(phone.routes).toEqual(['pages/home/home']);
    expect(logOf(phone).slice(13)).toEqual(['live unload', 'home show', 'card page show']);
    expect(phone.text('head')).toContain('Told');
  });

  it('[MH12] goes to the background and back with page, components and application', async () => {
    phone = await openSample();
    const heard: string[] = [];
    phone.host.session.hide.on(() => heard.push('hide'));
    phone.host.session.show.on(() => heard.push('show'));
    phone.host.hideApp();
    phone.host.showApp();
    expect(logOf(phone).slice(9)).toEqual([
      'home hide',
      'card page hide',
      'hide',
      'show',
      'home show',
      'card page show',
    ]);
    expect(heard).toEqual(['hide', 'show']);
  });

  it('[MH13] answers shares, pulls and the bottom through the page on top', async () => {
    phone = await openSample();
    expect(phone.host.shareFromMenu()).toMatchObject({ path: '/pages/home/home?from=share' });
    phone.host.pages.call('onPullDownRefresh');
    phone.host.pages.call('onReachBottom');
    expect(logOf(phone).slice(9)).toEqual(['home refresh', 'home bottom']);
  });

  it('[MH14] finds components by selector, with their behaviours', async () => {
    phone = await openSample();
    const page = phone.host.page as unknown as { selectComponent(selector: string): Card };
    const card = page.selectComponent('#card');
    expect(card.shout('abc')).toBe('ABC');
    card.countOne();
    expect(card.data.count).toBe(3);
    expect(card.data.label).toBe('many');
  });

  it('[MH15] measures elements with a selector query', async () => {
    phone = await openSample();
    const page = phone.host.page as unknown as { createSelectorQuery(): Query };
    const result = await new Promise<object[]>((resolve) => {
      page.createSelectorQuery().select('.box').boundingClientRect().exec(resolve);
    });
    expect(result[0]).toMatchObject({ width: 0, dataset: { testid: 'box' } });
  });
});

describe('templates', () => {
  it('[MH20] evaluates WXS of files and inline, templates with data, includes, and escapes what it shows', async () => {
    phone = await openSample();
    expect(phone.text('title')).toBe('A long t… 42');
    expect(phone.text('person-a')).toBe('<b>Amy</b>');
    expect(phone.text('foot')).toBe('A long title · foot');
  });

  it('[MH21] brings a tap to its handler with dataset, and what it sets to the page', async () => {
    phone = await openSample();
    expect(phone.find('nobody')).not.toBeNull();
    await phone.tap('person-b');
    expect(phone.text('chosen')).toBe('chosen b');
    expect(phone.find('nobody')).toBeNull();
  });

  it('[MH22] lets a tap bubble through bind and stops it at catch', async () => {
    phone = await openSample();
    await phone.tap('inner');
    await phone.tap('through');
    expect(phone.data['taps']).toEqual(['inner inner', 'outer']);
  });

  it('[MH23] fills named slots and passes events of components', async () => {
    phone = await openSample();
    expect(phone.get('card').contains(phone.get('slot-title'))).toBe(true);
    expect(phone.get('card').contains(phone.get('slot-body'))).toBe(true);
    await phone.tap('head');
    expect(phone.text('chosen')).toBe('chosen A long title');
  });

  it('[MH24] follows model: both ways, and a disabled button takes no tap', async () => {
    phone = await openSample();
    await phone.tap('add');
    expect(phone.data['people']).toHaveLength(2);
    await phone.input('name', 'Cleo');
    expect(phone.data['name']).toBe('Cleo');
    expect(phone.data['typed']).toBe('Cleo');
    await phone.tap('add');
    expect(phone.text('person-p2')).toBe('Cleo');
    expect(phone.get('name').querySelector('input')?.value).toBe('');
    expect(phone.text('head')).toBe('A long title (3) many');
    expect(logOf(phone).at(-1)).toBe('home added');
  });

  it('[MH25] turns rpx into parts of the width, in style sheets with their imports and in attributes', async () => {
    phone = await openSample();
    expect(phone.get('box').getAttribute('style')).toBe('width: calc(var(--rpx) * 375)');
    const sheets = [...phone.document.querySelectorAll('style')].map((one) => one.textContent).join('\n');
    expect(sheets).toContain('padding: calc(var(--rpx) * 20) calc(var(--rpx) * 30)');
    expect(sheets).toContain('wx-view.box');
    expect(sheets).not.toMatch(/\drpx/);
  });

  it('[MH26] keeps a component’s classes to itself', async () => {
    phone = await openSample();
    const sheet = phone.document.querySelector('style[data-wxss="components/card/card"]')?.textContent ?? '';
    expect(sheet).toContain('.components_card_card--card .components_card_card--title');
    expect(sheet).toContain('[wx-is="components/card/card"]');
    expect(phone.get('title').className).toBe('title');
  });
});

describe('what fails a test', () => {
  const failures = () => phone.host.failures.list.map((one) => one.message).join('\n');

  it('[MH30] keys that are not unique', async () => {
    phone = await openSample();
    const people = ['x', 'x', 'y'].map((id) => ({ id, name: id }));
    phone.host.page.setData({ people });
    phone.host.page.setData({ people: people.slice(1) });
    expect(failures()).toContain('keys are not unique');
    phone.host.failures.take('keys are not unique');
  });

  it('[MH31] an exception in a callback', async () => {
    phone = await openSample();
    phone.host.page.setData({}, () => {
      throw new Error('from a callback');
    });
    await phone.settle();
    expect(phone.host.failures.take('from a callback')).toHaveLength(1);
  });

  it('[MH34] a property that a component does not have, and an event without a handler', async () => {
    const root = await mkdtemp(join(tmpdir(), 'lianmai-mp-'));
    await cp(SAMPLE, root, { recursive: true });
    await writeFile(
      join(root, 'pages/live/live.wxml'),
      '<view colour="{{room}}" data-testid="v" bindtap="nobody">v</view>',
    );
    phone = await openInJsdom(await build({ root }), { url: 'pages/live/live?room=1' });
    await rm(root, { recursive: true });
    expect(phone.host.failures.take('"colour" is not a valid property')).not.toHaveLength(0);
    await phone.tap('v');
    expect(phone.host.failures.take('no method "nobody"')).toHaveLength(1);
  });

  it('[MH35] an instance of a class in the options of a page, of which the copy that a page gets has the fields alone', async () => {
    const root = await mkdtemp(join(tmpdir(), 'lianmai-mp-'));
    await cp(SAMPLE, root, { recursive: true });
    await writeFile(
      join(root, 'pages/live/live.ts'),
      `class Counter { count = 1; more() { return this.count + 1; } }
      const own = { list: [1] };
      Page({ data: { deep: [{ counter: new Counter() }] }, own, counter: new Counter(), given: own });`,
    );
    await writeFile(join(root, 'pages/live/live.wxml'), '<view>live</view>');
    phone = await openInJsdom(await build({ root }), { url: 'pages/live/live?room=1' });
    await rm(root, { recursive: true });
    const told = phone.host.failures.take('instance of a class').map(({ message }) => message);
    expect(told.map((message) => /live: (\S+) is/.exec(message)?.[1])).toEqual(['data.deep.0.counter', 'counter']);
    const page = phone.host.page as unknown as { counter: { count: number; more?: unknown }; own: { list: number[] } };
    expect([page.counter.count, page.counter.more]).toEqual([1, undefined]);
    page.own.list.push(2);
    phone.host.pages.reLaunch('/pages/live/live?room=2');
    expect((phone.host.page as unknown as typeof page).own.list).toEqual([1]);
  });

  it('[MH32] closing with a failure that nobody took', async () => {
    phone = await openSample();
    phone.host.failures.add('error', 'left behind');
    expect(() => phone.close()).toThrow('left behind');
    phone.host.failures.take('left behind');
  });

  it('[MH33] a function of wx that is not here, by name', async () => {
    phone = await openSample();
    const wx = wxOf(phone) as unknown as { startBluetooth(): void };
    expect(() => wx.startBluetooth()).toThrow('wx.startBluetooth is not part of this host');
    expect(phone.host.failures.take('startBluetooth')).toHaveLength(1);
  });
});

interface Card {
  readonly data: { readonly count: number; readonly label: string };
  shout(word: string): string;
  countOne(): void;
}

interface Query {
  select(selector: string): { boundingClientRect(): { exec(done: (result: object[]) => void): void } };
}

function wxOf(opened: JsdomPhone): object {
  return (opened.document.defaultView as unknown as { readonly wx: object }).wx;
}
