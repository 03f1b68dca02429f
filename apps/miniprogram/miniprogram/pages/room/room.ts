import type { RoomEvent } from '../../core/events.ts';
import type { ImEvent } from '../../core/im.ts';
import type { RoomStatus } from '../../core/room/status.ts';
import { TEMPLATES } from '../../core/view/layout.ts';
import { fill, type Words } from '../../i18n/index.ts';
import type { SignInfo } from '../../services/core.ts';
import { services } from '../../services/services.ts';
import { askFor, DEVICES, openSettings, readGrants, readPrivacy } from '../../services/wechat/consent.ts';
import {
  confirm,
  goBack,
  keepScreenOn,
  pageUrl,
  queryValue,
  ROUTES,
  replaceWith,
  setTitle,
  startAt,
  toast,
} from '../../services/wechat/ui.ts';
import { StatusReader, signalOfImEvent, signalOfRoomEvent } from './component.ts';
import type { RoomComponent, RoomSignal } from './signals.ts';
import { FIRST_VIEW, hueOf, initialOf, type RoomView } from './view.ts';
import { RoomVisit } from './visit.ts';

/** What goes into the component's properties together. */
type SeatProps = {
  media: 'rtmp' | 'room';
  server: string;
  useCloud: boolean;
  chat: boolean;
  roomID: number;
  roomName: string;
  userID: string;
  userName: string;
  userSig: string;
  sdkAppID: number;
  accountType: string;
  privateMapKey: string;
  expiresAt: number;
};

type RoomData = {
  t: Words['room'];
  p: Words['people'];
  c: Words['chat'];
  app: Words['app'];
  language: string;
  view: RoomView;
  seat: SeatProps;
  initial: string;
  hue: number;
  draft: string;
  lastLine: string;
  templates: readonly { value: string; name: string }[];
  beauties: readonly { value: number; name: string }[];
};

type Dataset<T extends WechatMiniprogram.IAnyObject> = WechatMiniprogram.BaseEvent<WechatMiniprogram.IAnyObject, T>;
type Input = WechatMiniprogram.CustomEvent<{ value: string }>;

/** The component's own methods, in the shape of the original. */
interface WebrtcRoom {
  start(): void;
  stop(): void;
  switchCamera(): void;
  sendGroupTextMsg(text: string, done: () => void, failed: () => void): void;
}

const TEMPLATE = 'lianmai.template';
const NO_SEAT: SeatProps = {
  media: 'rtmp',
  server: '',
  useCloud: true,
  chat: false,
  roomID: 0,
  roomName: '',
  userID: '',
  userName: '',
  userSig: '',
  sdkAppID: 0,
  accountType: '',
  privateMapKey: '',
  expiresAt: 0,
};

/** A room. The visit decides; this page shows, asks WeChat, and passes on what is tapped. */
Page({
  data: {
    t: services().words.room,
    p: services().words.people,
    c: services().words.chat,
    app: services().words.app,
    language: services().language,
    view: FIRST_VIEW,
    seat: NO_SEAT,
    initial: '',
    hue: 0,
    draft: '',
    lastLine: '',
    templates: [],
    beauties: [],
  } as RoomData,
  visit: null as RoomVisit | null,
  /** Closed, perhaps while WeChat still asked: nothing may begin any more. */
  gone: false,
  /** Made in `onLoad`: WeChat copies these options, and a copy is no longer of its class. */
  status: null as StatusReader | null,

  onLoad(query: Record<string, string | undefined>) {
    const { words, configProblem } = services();
    const roomID = queryValue(query, 'roomID');
    const roomName = queryValue(query, 'roomName');
    if (configProblem !== null || (roomID === '' && roomName === '')) {
      startAt(ROUTES.list);
      return;
    }
    const label = roomName || fill(words.room.title, { number: roomID });
    setTitle(label);
    this.status = new StatusReader();
    this.setData({
      t: words.room,
      p: words.people,
      c: words.chat,
      app: words.app,
      language: services().language,
      view: { ...FIRST_VIEW, title: label, step: words.room.step.devices },
      initial: initialOf(roomName || roomID),
      hue: hueOf(roomID || roomName),
      templates: TEMPLATES.map((value) => ({ value, name: words.template[value] })),
      beauties: [
        { value: 0, name: words.room.beautyOff },
        { value: 5, name: words.room.beautySoft },
        { value: 9, name: words.room.beautyFull },
      ],
    });
    void this.open({ roomID, roomName, devices: queryValue(query, 'devices') !== '0' });
  },

  onShow() {
    void this.visit?.show();
  },

  onHide() {
    this.visit?.hide();
  },

  onUnload() {
    this.gone = true;
    void this.visit?.close();
    this.visit = null;
  },

  onShareAppMessage() {
    const { number, title } = this.data.view;
    return {
      title: fill(services().words.room.shareTitle, { name: title }),
      path: pageUrl(ROUTES.room, { roomID: number }),
    };
  },

  async open({ roomID, roomName, devices }: { roomID: string; roomName: string; devices: boolean }) {
    const { backend, userName, store } = services();
    const query = { ...(roomID === '' ? {} : { roomID }), ...(roomName === '' ? {} : { roomName }) };
    if (backend.asksName && userName === '') {
      // Came by a shared card: nobody has asked for a name yet.
      replaceWith(pageUrl(ROUTES.join, query));
      return;
    }
    const consentNeeded = devices && (await readPrivacy()).needed;
    if (this.gone) return;
    if (consentNeeded) {
      replaceWith(pageUrl(ROUTES.privacy, query));
      return;
    }
    const grants = devices ? await this.askDevices() : { camera: false, microphone: false };
    if (grants === null) return;
    const target = roomID === '' ? { roomName } : { roomId: roomID, ...(roomName === '' ? {} : { roomName }) };
    const visit = new RoomVisit(this.ports(), target, {
      userName,
      ...grants,
      template: store.get(TEMPLATE) ?? FIRST_VIEW.template,
    });
    this.visit = visit;
    this.setData({ view: { ...visit.view, title: this.data.view.title } });
    await visit.open();
  },

  /** WeChat's own questions; whoever says no is in the room all the same, unseen or unheard. `null`: the page is gone. */
  async askDevices() {
    for (const device of DEVICES) {
      await askFor(device);
      if (this.gone) return null;
    }
    const grants = await readGrants();
    if (this.gone) return null;
    return { camera: grants.camera !== 'refused', microphone: grants.microphone !== 'refused' };
  },

  ports() {
    const { backend } = services();
    return {
      backend,
      words: () => services().words,
      component: () => this.component(),
      patch: (changes: Partial<RoomView>) => this.patch(changes),
      setTickets: (tickets: SignInfo, roomName: string) => this.setTickets(tickets, roomName),
      toast,
      confirm,
      setTitle,
      keepScreenOn,
    };
  },

  component(): RoomComponent | null {
    const room = this.selectComponent('#room') as unknown as WebrtcRoom | null;
    if (!room) return null;
    return {
      start: () => room.start(),
      stop: () => room.stop(),
      switchCamera: () => room.switchCamera(),
      send: (text) =>
        new Promise((resolve) => {
          room.sendGroupTextMsg(
            text,
            () => resolve(true),
            () => resolve(false),
          );
        }),
    };
  },

  patch(changes: Partial<RoomView>) {
    const data: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(changes)) data[`view.${key}`] = value;
    if (changes.lines !== undefined) data['lastLine'] = `line-${changes.lines.length - 1}`;
    this.setData(data);
  },

  setTickets(tickets: SignInfo, roomName: string): Promise<void> {
    const { backend, userName } = services();
    const { media } = backend;
    const room = this.visit?.view.number ?? '0';
    const seat: SeatProps = {
      media: media.kind === 'rtmp' ? 'rtmp' : 'room',
      server: media.kind === 'rtmp' ? media.serverUrl : '',
      useCloud: true,
      chat: media.kind === 'rtmp',
      roomID: Number(room),
      roomName,
      userID: tickets.userID,
      userName,
      userSig: tickets.userSig,
      sdkAppID: tickets.sdkAppID,
      accountType: tickets.accountType,
      privateMapKey: tickets.privateMapKey,
      expiresAt: tickets.expiresAt,
    };
    return new Promise((resolve) => this.setData({ seat }, resolve));
  },

  hear(signal: RoomSignal | null) {
    if (signal !== null) this.visit?.hear(signal);
  },

  onRoomEvent(event: WechatMiniprogram.CustomEvent<RoomEvent>) {
    this.hear(signalOfRoomEvent(event.detail));
  },

  onIMEvent(event: WechatMiniprogram.CustomEvent<ImEvent>) {
    this.hear(signalOfImEvent(event.detail));
  },

  onStateEvent(event: WechatMiniprogram.CustomEvent<RoomStatus>) {
    for (const signal of this.status?.read(event.detail) ?? []) this.hear(signal);
  },

  onTicketEvent() {
    this.hear({ type: 'tickets' });
  },

  onTapMicrophone() {
    this.visit?.toggleMicrophone();
  },

  onTapCamera() {
    this.visit?.toggleCamera();
  },

  onTapFlip() {
    this.visit?.flip();
  },

  onTapBeauty(event: Dataset<{ value: number }>) {
    this.visit?.setBeauty(Number(event.currentTarget.dataset.value));
  },

  onTapTemplate(event: Dataset<{ value: string }>) {
    const { value } = event.currentTarget.dataset;
    services().store.set(TEMPLATE, value);
    this.visit?.setTemplate(value);
  },

  onTapSheet(event: Dataset<{ sheet: RoomView['sheet'] }>) {
    this.visit?.setSheet(event.currentTarget.dataset.sheet);
  },

  onTapShade() {
    this.visit?.setSheet('none');
  },

  onTapNotice() {
    this.visit?.dismissNotice();
  },

  onTapMute(event: Dataset<{ id: string; kind: 'audio' | 'video' }>) {
    const { id, kind } = event.currentTarget.dataset;
    void this.visit?.mute(id, kind);
  },

  onTapKick(event: Dataset<{ id: string }>) {
    void this.visit?.kick(event.currentTarget.dataset.id);
  },

  onDraft(event: Input) {
    this.setData({ draft: event.detail.value });
  },

  async onSend() {
    const text = this.data.draft.trim();
    if (text === '') return;
    // Empty at once, as people expect; back when it did not go out.
    this.setData({ draft: '' });
    if (!(await this.visit?.send(text))) this.setData({ draft: text });
  },

  onTapLeave() {
    goBack();
  },

  async onTapDissolve() {
    if (await this.visit?.dissolve()) goBack();
  },

  onTapRooms() {
    startAt(ROUTES.list);
  },

  async onTapStep() {
    const step = this.data.view.problem?.step;
    if (step === 'rooms') {
      startAt(ROUTES.list);
      return;
    }
    if (step === 'settings') {
      const grants = await openSettings();
      const bad = DEVICES.some((device) => grants[device] === 'refused');
      if (bad) return;
    }
    await this.visit?.rejoin();
  },
});
