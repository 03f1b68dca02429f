/** A page with the component, or two: what a test sets goes in, what comes out is written down. */
Page({
  data: {
    shown: true,
    two: false,
    p: {
      roomID: 1234 as number | string,
      userID: 'amy',
      userName: 'Amy',
      userSig: 'sig-1',
      privateMapKey: 'key-1',
      expiresAt: 0,
      sdkAppID: 1400000001 as number | string,
      media: 'rtmp',
      server: 'https://meet.example.com',
      autoplay: true,
      enableCamera: true,
      muted: false,
      beauty: 5,
      whiteness: 5,
      aspect: '9:16',
      minBitrate: 200,
      maxBitrate: 400,
      template: 'float',
      roomCreator: '',
      enableIM: true,
      language: 'en',
    },
  },
  log: [] as { readonly kind: string; readonly detail: unknown }[],
  note(kind: string, event: WechatMiniprogram.CustomEvent) {
    this.log.push({ kind, detail: event.detail });
  },
  onRoom(event: WechatMiniprogram.CustomEvent) {
    this.note('room', event);
  },
  onIM(event: WechatMiniprogram.CustomEvent) {
    this.note('im', event);
  },
  onPusher(event: WechatMiniprogram.CustomEvent) {
    this.note('pusher', event);
  },
  onState(event: WechatMiniprogram.CustomEvent) {
    this.note('state', event);
  },
  onTicket(event: WechatMiniprogram.CustomEvent) {
    this.note('ticket', event);
  },
  onOtherRoom(event: WechatMiniprogram.CustomEvent) {
    this.note('other', event);
  },
});
