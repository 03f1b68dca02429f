import type { ChromiumPhone } from '@lianmai/mp-host/chromium';
import { TEMPLATES } from '../../miniprogram/core/view/layout.ts';
import { roomOf, type StandIn, streamOf } from '../support/server.ts';

/** One state of one page. */
export interface Shot {
  readonly name: string;
  readonly url: string;
  /** Which configuration; `delivered` is the one with the example address. */
  readonly bundle?: 'guest' | 'cloud' | 'delivered';
  /** A guest's name from an earlier visit; empty for none. */
  readonly user?: string;
  /** JavaScript before the first page; it sees the host as `mp`. */
  readonly prepare?: string;
  readonly server?: (server: StandIn) => void;
  /** JavaScript after each change of the screen. */
  readonly settle?: string;
  /** Leads to the state; resolves when it is there. */
  readonly act?: (phone: ChromiumPhone, server: StandIn) => Promise<unknown>;
}

const MINUTE = 60_000;
const NEVER = 'mp.network.handler = () => new Promise(() => {});';
const LIST = 'pages/room-list/room-list';
const JOIN = 'pages/join-room/join-room';
const ROOM = 'pages/room/room?roomID=4321';
const WEB = 'pages/web-room/web-room?roomID=4321';
const LONG = '产品、研发与市场部的联合项目周会（第三季度）A very long name of a room';

/** Short and long names in both scripts, one without a space to break at. */
const NAMES = [
  'Amy',
  '王小明',
  'Alexandra Konstantinopoulou-Featherstonehaugh',
  '欧阳慕容上官司马诸葛夏侯皇甫尉迟公孙轩辕',
  'Bob',
  'Dot',
  '李雷',
  'Georg',
  'Hanna',
  'Igor',
];

/** So many others; some without sound, without picture, or with a picture that phones cannot show. */
export function people(count: number) {
  return NAMES.slice(0, count).map((name, index) =>
    streamOf(`user${index}`, name, {
      hasaudio: index % 4 !== 1,
      hasvideo: index % 4 !== 2,
      ...(index === 4 ? { missing: 'video-codec' as const } : {}),
    }),
  );
}

const CHAT = [
  { id: '1', userid: 'user0', name: 'Amy', text: 'Can everybody hear me?', time: 1 },
  { id: '2', userid: 'w_self', name: '小李', text: '听得很清楚 👍', time: 2 },
  {
    id: '3',
    userid: 'user3',
    name: NAMES[3] ?? '',
    text: '我把设计稿的链接发在群里了，大家先看第二页，有问题随时说。',
    time: 3,
  },
  {
    id: '4',
    userid: 'user2',
    name: NAMES[2] ?? '',
    text: 'https://example.com/'.padEnd(120, 'averylongaddress'),
    time: 4,
  },
  { id: '5', userid: 'w_self', name: '小李', text: 'OK', time: 5 },
];

const shown = (testid: string) => (phone: ChromiumPhone) => phone.get(testid).waitFor();

/** In the room, everybody listed and playing. */
export async function inRoom(phone: ChromiumPhone, server: StandIn): Promise<void> {
  await phone.get('room-in-room').waitFor();
  await phone.page.waitForFunction(`window.__mp.page.data.view.people.length === ${server.people.length + 1}`);
  await phone.page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
  await phone.run('mp.live.scripted.players.forEach(({ view }) => view.state(2003, "first frame"))');
  await phone.page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
}

function room(name: string, count: number, rest: Partial<Shot> = {}): Shot {
  return {
    url: ROOM,
    act: inRoom,
    ...rest,
    name: `room-${name}`,
    server: (server) => {
      server.people = people(count);
      rest.server?.(server);
    },
  };
}

const tapped = (testid: string) => async (phone: ChromiumPhone, server: StandIn) => {
  await inRoom(phone, server);
  await phone.tap(testid);
};

/** The end of a stay, as the server tells it. */
const ended = (name: string, reason: 'kicked' | 'refused' | 'encrypted', code: number, key: string) =>
  room(name, 1, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      server.tell({ type: 'ended', reason, code, message: '' });
      await phone.get(`problem-${key}`).waitFor();
    },
  });

export const PAGES: readonly Shot[] = [
  {
    name: 'list-rooms',
    url: LIST,
    server: (server) => {
      const now = Date.now();
      server.rooms = [
        roomOf('4321', '每周例会 Weekly sync', { memberCount: 5, createTime: now - 3.5 * MINUTE }),
        roomOf('60718293', '设计评审', { memberCount: 16, createTime: now - 42.5 * MINUTE }),
        roomOf('99', 'Support desk', { memberCount: 2, capacity: 4, createTime: now - 125 * MINUTE }),
        roomOf('31415926', '', { createTime: now - 20_000 }),
        roomOf('4294967294', LONG, { memberCount: 16, createTime: now - 26 * 60 * MINUTE }),
        roomOf('500', '英语角', { memberCount: 3, createTime: now - 73 * 60 * MINUTE }),
      ];
    },
    act: shown('room-4321'),
  },
  { name: 'list-empty', url: LIST, act: shown('empty') },
  {
    name: 'list-end',
    url: LIST,
    server: (server) => {
      server.rooms = Array.from({ length: 14 }, (_, index) => roomOf(String(7_000 + index), `Room ${index}`));
    },
    act: shown('room-7000'),
    settle: 'document.documentElement.scrollTop = 1e6',
  },
  { name: 'list-loading', url: LIST, prepare: NEVER, act: shown('loading') },
  {
    name: 'list-failed',
    url: LIST,
    server: (server) => server.refusals.set('webrtc-get-room-list', 'storeUnavailable'),
    act: shown('failed'),
  },
  {
    name: 'list-stale',
    url: LIST,
    server: (server) => {
      server.rooms = [roomOf('4321', LONG)];
    },
    act: async (phone, server) => {
      await phone.get('room-4321').waitFor();
      server.refusals.set('webrtc-get-room-list', 'storeUnavailable');
      await phone.run('void mp.page.onPullDownRefresh()');
      await phone.get('stale').waitFor();
    },
  },
  { name: 'list-setup', url: LIST, bundle: 'delivered', act: shown('setup') },
  { name: 'join-number', url: JOIN, act: shown('submit') },
  {
    name: 'join-wrong',
    url: JOIN,
    user: '',
    act: async (phone) => {
      await phone.input('number', '0042');
      await phone.tap('submit');
    },
  },
  {
    name: 'join-busy',
    url: `${JOIN}?roomID=4321`,
    act: (phone) => phone.run('mp.page.setData({ busy: true })'),
  },
  { name: 'create-name', url: `${JOIN}?mode=name`, act: (phone) => phone.input('name', LONG) },
  { name: 'create-wrong', url: `${JOIN}?mode=name`, user: '', act: (phone) => phone.tap('submit') },
  {
    name: 'privacy-consent',
    url: 'pages/privacy/privacy?roomID=4321',
    prepare: 'mp.consents.privacyNeeded = true;',
    act: shown('agree'),
  },
  {
    name: 'privacy-refused',
    url: 'pages/privacy/privacy?roomID=4321',
    prepare: `mp.consents.scopes['scope.camera'] = false; mp.consents.scopes['scope.record'] = true;`,
    act: shown('settings'),
  },
  { name: 'web-intro', url: WEB, act: shown('open') },
  {
    name: 'web-asking',
    url: WEB,
    prepare: NEVER,
    act: async (phone) => {
      await phone.tap('open');
      await phone.get('web-asking').waitFor();
    },
  },
  {
    name: 'web-refused',
    url: WEB,
    server: (server) => server.refusals.set('webrtc-login-code', 'storeUnavailable'),
    act: async (phone) => {
      await phone.tap('open');
      await phone.get('web-refused').waitFor();
    },
  },
  { name: 'web-ios', url: WEB, prepare: `mp.device.system = 'iOS 13.7';`, act: shown('web-ios') },
  { name: 'web-none', url: WEB, bundle: 'cloud', act: shown('web-none') },
  {
    name: 'web-failed',
    url: WEB,
    act: async (phone) => {
      await phone.run('mp.page.onWebError()');
      await phone.get('web-failed').waitFor();
    },
  },
  {
    name: 'unsupported-old',
    url: 'pages/unsupported/unsupported',
    prepare: `mp.device.SDKVersion = '2.10.4';`,
    act: shown('update'),
  },
  { name: 'unsupported-here', url: 'pages/unsupported/unsupported', act: shown('unsupported') },
  room('entering', 0, { prepare: NEVER, act: shown('entering') }),
  room('alone', 0),
  ...[1, 2, 3, 5, 10].map((count) => room(`others-${count}`, count)),
  room('off', 2, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      await phone.tap('microphone');
      await phone.tap('camera');
      await phone.get('cover-self').waitFor();
    },
  }),
  room('link', 2, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      // Without a network the line stays lost.
      await phone.run(`void mp.network.set('none')`);
      for (const socket of server.sockets) socket.terminate();
      await phone.get('link-reconnecting').waitFor();
    },
  }),
  room('notice', 1, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      server.tell({ type: 'muted', kind: 'audio', muted: true });
      await phone.get('notice').waitFor();
    },
  }),
  room('notice-alone', 0, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      server.tell({ type: 'muted', kind: 'audio', muted: true });
      await phone.get('notice').waitFor();
    },
  }),
  room('full', 0, {
    server: (server) => server.refusals.set('webrtc-enter-room', 'roomFull'),
    act: shown('problem-full'),
  }),
  ended('kicked', 'kicked', 20_005, 'kicked'),
  ended('encrypted', 'encrypted', 20_018, 'encrypted'),
  room('lost', 1, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      server.tell({ type: 'ended', reason: 'refused', code: 20_015, message: '' });
      await phone.get('problem-too-much').waitFor();
    },
  }),
  room('people', 5, { act: tapped('people-chip') }),
  room('chat', 2, {
    server: (server) => {
      server.chat = CHAT;
    },
    act: tapped('chat'),
    settle: `document.querySelector('.sheet-list').scrollTop = 1e6`,
  }),
  room('chat-empty', 2, { act: tapped('chat') }),
  room('more', 2, { act: tapped('more') }),
  room('dissolve', 2, {
    act: async (phone, server) => {
      await inRoom(phone, server);
      await phone.tap('more');
      await phone.tap('dissolve');
      await phone.get('mp-modal').waitFor();
    },
  }),
];

const GUESTS = ['Amy', '王小明', 'Bob Miller', '陈静', 'Diego'].map((name, index) =>
  streamOf(`guest${index}`, name, { hasaudio: index !== 1, hasvideo: index !== 2 }),
);

const guide = (name: string, act: Shot['act'] = inRoom): Shot => ({
  ...room(name, 0, { act }),
  name: `guide-${name}`,
  server: (server) => {
    server.rooms = [roomOf('4321', '每周例会 Weekly sync')];
    server.people = GUESTS;
    server.chat = [
      { id: '1', userid: 'guest0', name: 'Amy', text: 'Can everybody hear me?', time: 1 },
      { id: '2', userid: 'w_self', name: '小李', text: '听得很清楚。', time: 2 },
      { id: '3', userid: 'guest1', name: '王小明', text: '我把设计稿的链接发在群里了，大家先看第二页。', time: 3 },
    ];
  },
});

/** Those of docs/images; the list of rooms is the fourth. */
export const GUIDE: readonly Shot[] = [
  guide('room'),
  guide('chat', tapped('chat')),
  guide('people', tapped('people-chip')),
];

/** Each template with nobody to four others. */
export const LAYOUTS: readonly Shot[] = TEMPLATES.flatMap((template) =>
  [0, 1, 2, 3, 4].map((count) => ({
    ...room(`${template}-${count}`, count, { prepare: `mp.storage.set('lianmai.template', '${template}');` }),
    name: `template-${template}-${count}`,
  })),
);
