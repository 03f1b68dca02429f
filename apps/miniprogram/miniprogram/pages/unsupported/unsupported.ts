import { fill, type Words } from '../../i18n/index.ts';
import { services } from '../../services/services.ts';
import { isAtLeast, MIN_BASE_LIBRARY } from '../../services/wechat/environment.ts';
import { setTitle, toast, updateWechat } from '../../services/wechat/ui.ts';

/** For clients that are too old, and devices without a camera component: what to do. Uses nothing that they lack. */
Page({
  data: {
    t: services().words.unsupported,
    app: services().words.app,
    heading: '',
    body: '',
    old: true,
  } as { t: Words['unsupported']; app: Words['app']; heading: string; body: string; old: boolean },

  onShow() {
    this.speak();
  },

  speak() {
    const { words, environment } = services();
    const old = !isAtLeast(environment.baseLibrary, MIN_BASE_LIBRARY);
    const body = fill(words.unsupported.body, { wanted: MIN_BASE_LIBRARY, have: environment.baseLibrary });
    const { title, titleOld, heading, headingOld, livePusher } = words.unsupported;
    setTitle(old ? titleOld : title);
    const said = old ? { heading: headingOld, body } : { heading, body: livePusher };
    this.setData({ t: words.unsupported, app: words.app, ...said, old });
  },

  onTapUpdate() {
    if (!updateWechat()) toast(this.data.t.step1);
  },

  onTapLanguage() {
    services().switchLanguage();
    this.speak();
  },
});
