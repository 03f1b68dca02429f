import { fill, type Words } from '../../i18n/index.ts';
import { parseRoomId } from '../../services/core.ts';
import { services } from '../../services/services.ts';
import { isAtLeast, MIN_IOS_FOR_WEB } from '../../services/wechat/environment.ts';
import { copy, goBack, queryValue, setTitle } from '../../services/wechat/ui.ts';

type WebData = {
  t: Words['web'];
  next: Words['next'];
  state: 'intro' | 'open' | 'none' | 'ios' | 'failed';
  url: string;
  sentence: string;
};

/**
 * The H5 page of a room. A `<web-view>` fills its page and says nothing to it but its end, so it is a page of its own and never
 * a mode of the component; nothing can be laid over it, so what there is to say is said before.
 */
Page({
  data: {
    t: services().words.web,
    next: services().words.next,
    state: 'none',
    url: '',
    sentence: '',
  } as WebData,

  onLoad(query: Record<string, string | undefined>) {
    const { words, backend, environment, configProblem } = services();
    setTitle(words.web.title);
    const roomId = parseRoomId(queryValue(query, 'roomID'));
    const url = roomId === null || configProblem !== null ? null : backend.webRoomUrl(roomId);
    const texts = { t: words.web, next: words.next };
    if (url === null) {
      const sentence = roomId === null ? words.problem['bad-room-id'].body : words.web.none;
      this.setData({ ...texts, state: 'none', sentence });
      return;
    }
    const { iosVersion } = environment;
    if (iosVersion !== null && !isAtLeast(iosVersion, MIN_IOS_FOR_WEB)) {
      this.setData({ ...texts, state: 'ios', url, sentence: fill(words.web.ios, { have: iosVersion }) });
      return;
    }
    this.setData({ ...texts, state: 'intro', url, sentence: words.web.body });
  },

  onTapOpen() {
    this.setData({ state: 'open' });
  },

  onTapCopy() {
    copy(this.data.url, this.data.t.copied);
  },

  onTapBack() {
    goBack();
  },

  onWebError() {
    const host = /^https?:\/\/([^/]+)/.exec(this.data.url)?.[1] ?? this.data.url;
    this.setData({ state: 'failed', sentence: fill(this.data.t.failedBody, { host }) });
  },
});
