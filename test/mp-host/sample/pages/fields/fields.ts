Page({
  data: { current: 0 },
  heard: [] as unknown[],
  changed(event: WechatMiniprogram.CustomEvent<{ value?: unknown; current?: number }>) {
    this.heard.push(event.detail.value ?? event.detail.current);
  },
  submitted(event: WechatMiniprogram.CustomEvent<{ value: object }>) {
    this.heard.push(event.detail.value);
  },
  reset() {
    this.heard.push('reset');
  },
  lower() {
    this.heard.push('lower');
  },
  broken() {
    this.heard.push('broken');
  },
  agreed() {
    this.heard.push('agreed');
  },
  settings(event: WechatMiniprogram.CustomEvent<{ authSetting: object }>) {
    this.heard.push(event.detail.authSetting);
  },
  onShareAppMessage(options: WechatMiniprogram.Page.IShareAppMessageOption) {
    return { title: `from ${options.from} ${String(options.target?.dataset?.['id'])}` };
  },
});
