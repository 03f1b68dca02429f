import { note } from '../../lib/log';

interface Person {
  id: string;
  name: string;
}

Page({
  data: {
    title: 'A long title',
    people: [
      { id: 'a', name: '<b>Amy</b>' },
      { id: 'b', name: 'Bob' },
    ] as Person[],
    chosen: '',
    name: '',
    typed: '',
    width: 375,
    taps: [] as string[],
  },
  onLoad() {
    note('home load');
  },
  onShow() {
    note('home show');
  },
  onReady() {
    note('home ready');
  },
  onHide() {
    note('home hide');
  },
  onUnload() {
    note('home unload');
  },
  onPullDownRefresh() {
    note('home refresh');
  },
  onReachBottom() {
    note('home bottom');
  },
  onShareAppMessage() {
    return { title: this.data.title, path: '/pages/home/home?from=share' };
  },
  choose(event: WechatMiniprogram.TouchEvent) {
    this.setData({ chosen: String(event.currentTarget.dataset['id']) });
  },
  typed(event: WechatMiniprogram.Input) {
    this.setData({ typed: event.detail.value });
  },
  add() {
    const id = `p${this.data.people.length}`;
    this.setData({ people: [...this.data.people, { id, name: this.data.name }], name: '' }, () => note('home added'));
  },
  go() {
    wx.navigateTo({
      url: '../live/live?room=7',
      events: { told: (value: string) => this.setData({ title: value }) },
    });
  },
  picked(event: WechatMiniprogram.CustomEvent<{ head: string }>) {
    this.setData({ chosen: event.detail.head });
  },
  outer() {
    this.setData({ taps: [...this.data.taps, 'outer'] });
  },
  inner(event: WechatMiniprogram.TouchEvent) {
    this.setData({ taps: [...this.data.taps, `inner ${String(event.target.dataset['testid'])}`] });
  },
});
