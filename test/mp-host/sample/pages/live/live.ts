import { note } from '../../lib/log';

Page({
  data: {
    room: '',
    pushUrl: '',
    playUrl: '',
    mode: 'live',
    autopush: false,
    muted: false,
    camera: true,
    microphone: true,
    codes: [] as string[],
    answer: '',
  },
  pusher: null as WechatMiniprogram.LivePusherContext | null,
  onLoad(query: Record<string, string>) {
    note(`live load ${query['room']}`);
    this.setData({ room: query['room'] ?? '' });
    wx.setKeepScreenOn({ keepScreenOn: true });
    wx.setNavigationBarTitle({ title: `Room ${query['room']}` });
    this.getOpenerEventChannel?.().emit?.('told', 'Told');
  },
  onReady() {
    note('live ready');
    this.pusher = wx.createLivePusherContext();
  },
  onUnload() {
    note('live unload');
    wx.setKeepScreenOn({ keepScreenOn: false });
  },
  pushed(event: WechatMiniprogram.CustomEvent<{ code: number; message: string }>) {
    this.setData({ codes: [...this.data.codes, `push ${event.detail.code}`] });
  },
  played(event: WechatMiniprogram.CustomEvent<{ code: number; message: string }>) {
    this.setData({ codes: [...this.data.codes, `play ${event.detail.code}`] });
  },
  netstatus() {},
  failed(event: WechatMiniprogram.CustomEvent<{ errCode: number }>) {
    this.setData({ codes: [...this.data.codes, `error ${event.detail.errCode}`] });
  },
  start() {
    this.pusher?.start({ fail: ({ errMsg }) => this.setData({ answer: errMsg }) });
  },
  stop() {
    this.pusher?.stop({});
  },
  mute() {
    this.setData({ muted: !this.data.muted });
  },
  toggleCamera() {
    this.setData({ camera: !this.data.camera });
  },
  async ask() {
    const { confirm } = await wx.showModal({ title: 'Leave?', content: 'The room goes on.' });
    this.setData({ answer: confirm ? 'yes' : 'no' });
  },
});
