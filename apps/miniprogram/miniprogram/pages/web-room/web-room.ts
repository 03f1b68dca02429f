import { fill, type Words } from '../../i18n/index.ts';
import { parseRoomId } from '../../services/core.ts';
import { describe, problemOfError } from '../../services/problems.ts';
import { services } from '../../services/services.ts';
import { isAtLeast, MIN_IOS_FOR_WEB } from '../../services/wechat/environment.ts';
import { copy, goBack, queryValue, setTitle } from '../../services/wechat/ui.ts';

type WebData = {
  t: Words['web'];
  next: Words['next'];
  tryAgain: string;
  state: 'intro' | 'asking' | 'open' | 'refused' | 'none' | 'ios' | 'failed';
  /** The page as everybody may open it: what is copied, and what guests get. */
  url: string;
  /** What the web-view is given, with a one-time code in it. */
  src: string;
  title: string;
  sentence: string;
  /** As whom the page is joined. */
  who: string;
  code: string;
};

/**
 * The H5 page of a room. A `<web-view>` fills its page and says nothing to it but its end, so it is a page of its own and never
 * a mode of the component; nothing can be laid over it, so what there is to say is said before.
 *
 * The page is opened with a one-time login code, so that its user is the one here. A code is good for a minute and asked for
 * at the tap. Each opening makes a new `<web-view>`: whether a changed fragment alone loads anything depends on the version of WeChat.
 */
Page({
  data: {
    t: services().words.web,
    next: services().words.next,
    tryAgain: '',
    state: 'none',
    url: '',
    src: '',
    title: '',
    sentence: '',
    who: '',
    code: '',
  } as WebData,

  onLoad(query: Record<string, string | undefined>) {
    const { words, backend, environment, configProblem, userName } = services();
    setTitle(words.web.title);
    const roomId = parseRoomId(queryValue(query, 'roomID'));
    const url = roomId === null || configProblem !== null ? null : backend.webRoomUrl(roomId);
    this.setData({ t: words.web, next: words.next, tryAgain: words.app.tryAgain, title: words.web.heading });
    if (url === null) {
      const sentence = roomId === null ? words.problem['bad-room-id'].body : words.web.none;
      this.setData({ state: 'none', sentence });
      return;
    }
    const { iosVersion } = environment;
    if (iosVersion !== null && !isAtLeast(iosVersion, MIN_IOS_FOR_WEB)) {
      this.setData({ state: 'ios', url, sentence: fill(words.web.ios, { have: iosVersion }) });
      return;
    }
    const who = backend.asksName ? fill(words.web.asGuest, { name: userName || words.app.guest }) : words.web.asUser;
    this.setData({ state: 'intro', url, who, sentence: words.web.body });
  },

  /** Also after a failure: a code is good once, so each opening has one of its own. */
  async onTapOpen() {
    if (this.data.state === 'asking') return;
    const { words, backend, userName } = services();
    this.setData({ state: 'asking', title: words.web.heading, sentence: words.web.asking, code: '' });
    try {
      if (backend.asksName) await backend.signIn(userName);
      this.setData({ src: `${this.data.url}#code=${await backend.webLoginCode()}`, state: 'open' });
    } catch (error) {
      const { title, body, code } = describe(problemOfError(error), words);
      this.setData({ state: 'refused', title, sentence: body, code });
    }
  },

  onTapGuest() {
    this.setData({ src: this.data.url, state: 'open' });
  },

  onTapCopy() {
    copy(this.data.url, this.data.t.copied);
  },

  onTapBack() {
    goBack();
  },

  onWebError() {
    const { t, url } = this.data;
    const host = /^https?:\/\/([^/]+)/.exec(url)?.[1] ?? url;
    this.setData({ state: 'failed', title: t.failedTitle, sentence: fill(t.failedBody, { host }), code: '' });
  },
});
