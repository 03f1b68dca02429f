import { fillCount, type Words } from '../../i18n/index.ts';
import { ClientError } from '../../services/core.ts';
import { wayIn } from '../../services/entry.ts';
import { describe, type ProblemWords, problemOfError } from '../../services/problems.ts';
import { RoomPages, type RoomPagesState } from '../../services/room-pages.ts';
import { services } from '../../services/services.ts';
import { endPullDown, goTo, pageUrl, ROUTES, setTitle } from '../../services/wechat/ui.ts';
import { type RoomRow, rowOf } from './rows.ts';

type ListData = {
  t: Words['list'];
  app: Words['app'];
  state: 'loading' | 'rooms' | 'empty' | 'failed' | 'setup';
  rows: readonly RoomRow[];
  count: string;
  stale: boolean;
  more: 'none' | 'loading' | 'end';
  problem: ProblemWords | null;
  heading: string;
  setup: string;
};

/** The rooms that are open now. */
Page({
  data: {
    t: services().words.list,
    app: services().words.app,
    state: 'loading',
    rows: [],
    count: '',
    stale: false,
    more: 'none',
    problem: null,
    heading: '',
    setup: '',
  } as ListData,
  pages: null as RoomPages | null,
  leaving: false,

  onLoad() {
    const { configProblem, words } = services();
    if (configProblem !== null) {
      this.setData({ state: 'setup', setup: words.config[configProblem], heading: words.config.heading });
      return;
    }
    this.pages = new RoomPages(services().backend, (state) => this.take(state));
  },

  onShow() {
    this.leaving = false;
    this.speak();
    void this.pages?.show();
  },

  onHide() {
    this.pages?.hide();
  },

  onUnload() {
    this.pages?.hide();
  },

  async onPullDownRefresh() {
    await this.pages?.refresh();
    endPullDown();
  },

  onReachBottom() {
    void this.pages?.more();
  },

  onShareAppMessage() {
    return { title: services().words.app.name, path: ROUTES.list };
  },

  /** The words of the language as it is now. */
  speak() {
    const { words, configProblem } = services();
    setTitle(words.app.name);
    this.setData({ t: words.list, app: words.app });
    if (configProblem !== null) this.setData({ setup: words.config[configProblem], heading: words.config.heading });
    if (this.pages !== null) this.take(this.pages.state);
  },

  take(state: RoomPagesState) {
    const { words, backend } = services();
    if (state.rooms === null) {
      if (state.failure === null) return;
      const { reason, detail, code } = state.failure;
      const options = code === null ? {} : { code };
      const problem = describe(problemOfError(new ClientError(reason, detail, options)), words);
      this.setData({ state: 'failed', problem });
      return;
    }
    const rows = state.rooms.map((room) => rowOf(room, backend.clock.now(), words));
    const all = rows.length >= state.total;
    this.setData({
      state: rows.length === 0 ? 'empty' : 'rooms',
      rows,
      count: fillCount(words.list.count, state.total),
      stale: state.failure !== null,
      more: state.loadingMore ? 'loading' : all && rows.length > 10 ? 'end' : 'none',
    });
  },

  onTapRoom(event: WechatMiniprogram.BaseEvent<WechatMiniprogram.IAnyObject, { id: string }>) {
    void this.go(async () => wayIn({ roomID: event.currentTarget.dataset.id }));
  },

  onTapCreate() {
    void this.go(async () => pageUrl(ROUTES.join, { mode: 'name' }));
  },

  onTapJoin() {
    void this.go(async () => pageUrl(ROUTES.join, { mode: 'number' }));
  },

  onTapRetry() {
    this.setData({ state: 'loading' });
    void this.pages?.refresh();
  },

  onTapLanguage() {
    services().switchLanguage();
    this.speak();
  },

  /** A second tap while the first one leads away is no second page. */
  async go(where: () => Promise<string>) {
    if (this.leaving) return;
    this.leaving = true;
    const failed = () => {
      this.leaving = false;
    };
    await where().then((url) => goTo(url, failed), failed);
  },
});
