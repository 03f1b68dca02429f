/**
 * A process of its own for exparser, the framework that WeChat's web views run by default, since it lives on globals:
 * `node exparser.ts <folder of the tool> <folder of a mini program> <path of the component> <answer.json>`. It puts the component into a page, enters a room of
 * Tencent's, lets two others come, changes the template, and leaves.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { JSDOM } from 'jsdom';

/** What the page saw at one moment. */
export interface Moment {
  readonly pushers: readonly Readonly<Record<string, unknown>>[];
  readonly players: readonly Readonly<Record<string, unknown>>[];
  /** Codes of `bindRoomEvent` so far. */
  readonly codes: readonly number[];
  readonly html: string;
}

export type Answer = Readonly<Record<'idle' | 'started' | 'joined' | 'grid' | 'left', Moment>>;

/** A node of `miniprogram-simulate`, as far as it is used here. */
interface Rendered {
  readonly dom: Element;
  readonly instance: {
    readonly data: Readonly<Record<string, unknown>>;
    setData(data: object): void;
  } & Readonly<Record<string, unknown>>;
  attach(parent: Element): void;
  detach(): void;
  querySelector(selector: string): Rendered | undefined;
  querySelectorAll(selector: string): readonly Rendered[];
  dispatchEvent(name: string, options: { readonly detail: unknown }): void;
  toJSON(): { readonly tagName: string; readonly attrs: readonly { readonly name: string; readonly value: unknown }[] };
}

interface Simulate {
  load(path: string, options: { readonly compiler: 'simulate'; readonly rootPath: string }): string;
  render(id: string): Rendered;
}

const [tool, root, component, answer] = process.argv.slice(2) as [string, string, string, string];

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
const names = ['document', 'HTMLElement', 'Element', 'Node', 'Event', 'CustomEvent', 'MutationObserver', 'TouchEvent'];
for (const name of names) {
  Object.defineProperty(globalThis, name, { value: window[name as keyof typeof window], configurable: true });
}
Object.defineProperty(globalThis, 'window', { value: globalThis, configurable: true });

const simulate = createRequire(join(tool, 'package.json'))('miniprogram-simulate') as Simulate;

const succeed = (options?: { success?: (answer: object) => void }) => void options?.success?.({});
const pusher = { start: succeed, stop: succeed, pause: succeed, resume: succeed, switchCamera: succeed };
Object.assign(globalThis, {
  wx: {
    canIUse: () => true,
    getAppBaseInfo: () => ({ language: 'en', SDKVersion: '3.5.8', version: '8.0.50' }),
    onNetworkStatusChange() {},
    offNetworkStatusChange() {},
    createLivePusherContext: () => pusher,
  },
});

// A page of somebody who uses the component; in this framework a component stands for it.
const page = join(root, 'pages', 'caller');
mkdirSync(page, { recursive: true });
writeFileSync(join(page, 'caller.json'), JSON.stringify({ component: true, usingComponents: { room: component } }));
writeFileSync(
  join(page, 'caller.js'),
  `Component({
    data: { template: 'float', events: [] },
    methods: { onRoom(event) { this.data.events.push(event.detail); } },
  });`,
);
const attributes = 'media="room" roomID="7" userID="amy" sdkAppID="14" userSig="sig" autoplay="{{true}}"';
writeFileSync(
  join(page, 'caller.wxml'),
  `<room id="room" ${attributes} template="{{template}}" bindRoomEvent="onRoom"><view>slot</view></room>`,
);

const caller = simulate.render(simulate.load(join(page, 'caller'), { compiler: 'simulate', rootPath: root }));
caller.attach(window.document.body);

const room = () => caller.querySelector('#room') as Rendered;
const videos = () => room().querySelectorAll('.video');

function look(): Moment {
  const live = (tag: string) =>
    videos()
      .map((video) => video.toJSON())
      .filter(({ tagName }) => tagName === tag)
      .map(({ attrs }) => Object.fromEntries(attrs.map(({ name, value }) => [name, value])));
  const events = caller.instance.data['events'] as readonly { readonly code: number }[];
  return {
    pushers: live('wx-live-pusher'),
    players: live('wx-live-player'),
    codes: events.map(({ code }) => code),
    html: room().dom.innerHTML,
  };
}
/** The moment when something holds; the last one when it does not come to that. */
async function until(holds: (moment: Moment) => boolean): Promise<Moment> {
  for (let tries = 0; tries < 2_000 && !holds(look()); tries += 1) await setTimeout(5);
  return look();
}
const call = (name: string) => (room().instance[name] as () => void)();
/** An event of live-pusher. */
function state(code: number, message: string): void {
  const pusher = videos().find((video) => video.toJSON().tagName === 'wx-live-pusher');
  pusher?.dispatchEvent('statechange', { detail: { code, message } });
}

const idle = look();
call('start');
const started = await until(({ pushers }) => pushers[0]?.['url'] !== undefined);
state(1018, 'in');
await until(({ codes }) => codes.includes(11));
const userlist = ['bob', 'cleo'].map((userid) => ({
  userid,
  playurl: `room://1.2.3.4:1935/webrtc/${userid}`,
  hasvideo: true,
  hasaudio: true,
}));
state(1031, JSON.stringify({ userlist }));
const joined = await until(({ players }) => players.length === 2);
caller.instance.setData({ template: 'grid' });
const grid = await until(({ html }) => html !== joined.html);
call('exitRoom');
const left = await until(({ pushers }) => pushers.length === 0);
caller.detach();
writeFileSync(answer, JSON.stringify({ idle, started, joined, grid, left } satisfies Answer));
process.exit(0);
