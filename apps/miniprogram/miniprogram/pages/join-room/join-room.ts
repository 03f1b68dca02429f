import type { Words } from '../../i18n/index.ts';
import { type RoomQuery, wayPastConsent } from '../../services/entry.ts';
import { services } from '../../services/services.ts';
import { pageUrl, queryValue, ROUTES, replaceWith, setTitle } from '../../services/wechat/ui.ts';
import { checkJoin, type JoinMode } from './form.ts';

type JoinData = {
  t: Words['join'];
  mode: JoinMode;
  number: string;
  name: string;
  userName: string;
  asksName: boolean;
  hasWeb: boolean;
  roomProblem: string;
  userProblem: string;
  busy: boolean;
};

type Input = WechatMiniprogram.CustomEvent<{ value: string }>;

/** By number or by name; guests say who they are. */
Page({
  data: {
    t: services().words.join,
    mode: 'number',
    number: '',
    name: '',
    userName: '',
    asksName: false,
    hasWeb: false,
    roomProblem: '',
    userProblem: '',
    busy: false,
  } as JoinData,

  onLoad(query: Record<string, string | undefined>) {
    const { words, configProblem } = services();
    const ready = configProblem === null;
    const name = queryValue(query, 'roomName');
    this.setData({
      t: words.join,
      mode: queryValue(query, 'mode') === 'name' || name !== '' ? 'name' : 'number',
      number: queryValue(query, 'roomID'),
      name,
      asksName: ready && services().backend.asksName,
      hasWeb: ready && services().backend.webRoomUrl('1') !== null,
      userName: services().userName,
    });
    this.setHeading();
  },

  onShow() {
    this.setData({ busy: false });
  },

  setHeading() {
    const { t, mode } = this.data;
    setTitle(mode === 'number' ? t.titleJoin : t.titleCreate);
  },

  onTapMode(event: WechatMiniprogram.BaseEvent<WechatMiniprogram.IAnyObject, { mode: JoinMode }>) {
    this.setData({ mode: event.currentTarget.dataset.mode, roomProblem: '' });
    this.setHeading();
  },

  onNumber(event: Input) {
    this.setData({ number: event.detail.value, roomProblem: '' });
  },

  onName(event: Input) {
    this.setData({ name: event.detail.value, roomProblem: '' });
  },

  onUserName(event: Input) {
    this.setData({ userName: event.detail.value, userProblem: '' });
  },

  /** The checked form as a query; `null` while something is wrong, which is shown then. */
  checked(): RoomQuery | null {
    const { mode, number, name, userName, asksName } = this.data;
    const check = checkJoin({ mode, number, name, userName: asksName ? userName : null }, services().words.join);
    if (!check.ok) {
      this.setData({ roomProblem: check.room, userProblem: check.user });
      return null;
    }
    if (asksName) services().userName = check.userName;
    return check.query;
  },

  async onSubmit() {
    const query = this.data.busy ? null : this.checked();
    if (query === null) return;
    this.setData({ busy: true });
    const failed = () => this.setData({ busy: false });
    await wayPastConsent(query).then((url) => replaceWith(url, failed), failed);
  },

  onTapWeb() {
    const query = this.checked();
    if (query?.roomID !== undefined) replaceWith(pageUrl(ROUTES.web, { roomID: query.roomID }));
  },
});
