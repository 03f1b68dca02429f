import type { ImFailure } from '../../core/im.ts';
import { readCustom } from '../../core/im.ts';
import type { LinkRequest, Reply } from '../../core/link/link.ts';
import { EMPTY_VIEW } from '../../core/view/room-view.ts';
import { clientLanguage } from '../../platform/wx.ts';
import { LOGIC, PROPERTIES, type PropertyValues, readOptions, readTickets } from './properties.ts';
import { RoomShell } from './shell.ts';
import { wordsFor } from './words.ts';

type NativeEvent = WechatMiniprogram.CustomEvent<{ readonly code?: number; readonly message?: string }>;
type Done = (answer: unknown) => void;
type Failed = (failure: ImFailure) => void;
/** Callbacks of the original's `enableAudio`, which handed them on to live-player's `mute`. */
interface MuteParams {
  readonly success?: Done;
  readonly complete?: Done;
}

/** The shell of an instance: kept on it, so that two on one page share nothing. */
interface Instance extends WechatMiniprogram.Component.TrivialInstance {
  shell?: RoomShell;
}

function shellOf(instance: unknown): RoomShell | null {
  return (instance as Instance).shell ?? null;
}

/** One WeChat release delivered `details` instead of `detail`. */
function detailOf(event: unknown): Readonly<Record<string, unknown>> {
  const { detail, details } = event as { detail?: unknown; details?: unknown };
  return (detail ?? details ?? {}) as Readonly<Record<string, unknown>>;
}

/** The original takes 0, as anything empty, for oneself. */
function idOf(userid: string | number): string {
  return String(userid || '');
}

function keyOf(event: NativeEvent): string {
  return String((event.currentTarget.dataset as { key?: unknown })['key'] ?? '');
}

/** `top`, `bottom`, both or none, as classes. */
function safeClasses(edges: string): string {
  return ['top', 'bottom']
    .filter((edge) => edges.includes(edge))
    .map((edge) => `safe-${edge}`)
    .join(' ');
}

Component({
  options: { multipleSlots: true },

  properties: PROPERTIES,

  data: {
    view: EMPTY_VIEW,
    words: wordsFor('en'),
    pushUrl: '',
    safe: '',
  },

  observers: {
    [LOGIC]() {
      const shell = shellOf(this);
      if (shell === null) return;
      shell.controller.configure(readOptions(this.properties as PropertyValues));
    },
    'userSig, privateMapKey, expiresAt'() {
      const shell = shellOf(this);
      if (shell === null) return;
      shell.controller.setTickets(readTickets(this.properties as PropertyValues));
    },
    safeArea(edges: string) {
      this.setData({ safe: safeClasses(edges) });
    },
    language(language: string) {
      if (shellOf(this) !== null) this.setData({ words: wordsFor(language || clientLanguage()) });
    },
  },

  lifetimes: {
    attached() {
      const shell = new RoomShell({
        setData: (data, done) => this.setData(data, done),
        triggerEvent: (name, detail) => this.triggerEvent(name, detail),
      });
      (this as unknown as Instance).shell = shell;
      const { language, safeArea } = this.data;
      this.setData({ words: wordsFor(language || clientLanguage()), safe: safeClasses(safeArea) });
      shell.controller.setTickets(readTickets(this.properties as PropertyValues));
      shell.controller.configure(readOptions(this.properties as PropertyValues));
    },
    detached() {
      shellOf(this)?.detach();
      delete (this as unknown as Instance).shell;
    },
  },

  pageLifetimes: {
    show() {
      shellOf(this)?.controller.show();
    },
    hide() {
      shellOf(this)?.controller.hide();
    },
  },

  methods: {
    // The room

    /** Enters the room; in the room already, starts a push that stands still. */
    start() {
      shellOf(this)?.controller.start();
    },
    /** Leaves the room. */
    stop() {
      shellOf(this)?.controller.exit();
    },
    /** The same as `stop`, under its other name. */
    exitRoom() {
      shellOf(this)?.controller.exit();
    },
    /** Sends and plays nothing until `resume`, and stays in the room. */
    pause() {
      shellOf(this)?.controller.pause();
    },
    resume() {
      shellOf(this)?.controller.resume();
    },
    switchCamera() {
      shellOf(this)?.controller.switchCamera();
    },
    /** One's own camera; with another's `userid`, whether his picture is shown on this phone. */
    enableVideo(enable: boolean, userid: string | number = '') {
      shellOf(this)?.controller.enableVideo(enable, idOf(userid));
    },
    /** One's own microphone; with another's `userid`, whether his sound is played on this phone. */
    enableAudio(enable: boolean, userid: string | number = '', params: MuteParams = {}) {
      shellOf(this)?.controller.enableAudio(enable, idOf(userid));
      const answer = { errMsg: 'mute:ok' };
      params.success?.(answer);
      params.complete?.(answer);
    },

    // What the owner may do; each resolves with `{code, message}`, 0 when done

    kickMember(userid: string): Promise<Reply> {
      return this.ask({ type: 'kick', userid });
    },
    muteMember(userid: string, kind: 'audio' | 'video'): Promise<Reply> {
      return this.ask({ type: 'mute', userid, kind });
    },
    dissolveRoom(): Promise<Reply> {
      return this.ask({ type: 'dissolve' });
    },

    // Messages

    sendGroupTextMsg(msg: string, succ?: Done, fail?: Failed) {
      const ask = (request: LinkRequest) => this.ask(request);
      shellOf(this)?.controller.conversation.sendText(String(msg), ask, succ, fail);
    },
    sendGroupCustomMsg(msg: unknown, succ?: Done, fail?: Failed) {
      const ask = (request: LinkRequest) => this.ask(request);
      shellOf(this)?.controller.conversation.sendCustom(readCustom(msg), ask, succ, fail);
    },
    sendC2CTextMsg(to: string, _msg: string, _succ?: Done, fail?: Failed) {
      shellOf(this)?.controller.conversation.refusePrivate(String(to ?? ''), fail);
    },
    sendC2CCustomMsg(to: string, _msg: unknown, _succ?: Done, fail?: Failed) {
      shellOf(this)?.controller.conversation.refusePrivate(String(to ?? ''), fail);
    },

    // From the template

    onPusherState(event: NativeEvent) {
      const { code, message } = detailOf(event);
      shellOf(this)?.controller.onPusher(Number(code), typeof message === 'string' ? message : JSON.stringify(message));
    },
    onPusherError(event: NativeEvent) {
      shellOf(this)?.controller.onPusherError(Number(detailOf(event)['errCode']));
    },
    onPusherNet(event: NativeEvent) {
      const { info } = detailOf(event);
      if (typeof info === 'object' && info !== null) {
        shellOf(this)?.controller.onNetStatus(info as Readonly<Record<string, unknown>>);
      }
    },
    onPlayerState(event: NativeEvent) {
      shellOf(this)?.controller.onPlayer(keyOf(event), Number(detailOf(event)['code']));
    },
    onTapTile(event: NativeEvent) {
      shellOf(this)?.controller.tap(keyOf(event));
    },

    // Own affairs

    ask(request: LinkRequest): Promise<Reply> {
      const shell = shellOf(this);
      if (shell !== null) return shell.controller.ask(request);
      return Promise.resolve({ code: -1, message: 'The component is not in the page.' });
    },
  },
});
