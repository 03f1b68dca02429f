/** Pages, by their addresses. */
export const ROUTES = {
  list: '/pages/room-list/room-list',
  join: '/pages/join-room/join-room',
  room: '/pages/room/room',
  web: '/pages/web-room/web-room',
  unsupported: '/pages/unsupported/unsupported',
  privacy: '/pages/privacy/privacy',
} as const;

/** An address with its query. */
export function pageUrl(route: string, query: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? route : `${route}?${pairs.join('&')}`;
}

/** One value of a page's query, decoded; `onLoad` gets it as it stands in the address. */
export function queryValue(query: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = query[name];
  if (value === undefined) return '';
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** A page on top of this one; in its place where WeChat allows no more. `failed`: nothing has become of it. */
export function goTo(url: string, failed = () => {}): void {
  wx.navigateTo({ url, fail: () => replaceWith(url, failed) });
}

/** A page in the place of this one; alone where that fails. `failed`: nothing has become of it. */
export function replaceWith(url: string, failed = () => {}): void {
  wx.redirectTo({ url, fail: () => wx.reLaunch({ url, fail: failed }) });
}

/** A page with none below it. */
export function startAt(url: string): void {
  wx.reLaunch({ url });
}

/** Back where the user came from, or to the list when the page was opened by itself (a shared card). */
export function goBack(): void {
  if (getCurrentPages().length > 1) wx.navigateBack({ delta: 1 });
  else wx.reLaunch({ url: ROUTES.list });
}

export function setTitle(title: string): void {
  wx.setNavigationBarTitle({ title });
}

/** A word for two seconds. */
export function toast(title: string): void {
  wx.showToast({ title, icon: 'none', duration: 2_000 });
}

export interface Question {
  readonly title: string;
  readonly content?: string;
  readonly yes: string;
  readonly no: string;
  readonly dangerous?: boolean;
}

/** Asks yes or no. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    wx.showModal({
      title: question.title,
      content: question.content ?? '',
      confirmText: question.yes,
      cancelText: question.no,
      ...(question.dangerous ? { confirmColor: '#FA5151' } : {}),
      success: ({ confirm: yes }) => resolve(yes),
      fail: () => resolve(false),
    });
  });
}

/** One of several; `null` when the user thought better of it. */
export function choose(items: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    wx.showActionSheet({
      itemList: [...items],
      success: ({ tapIndex }) => resolve(tapIndex),
      fail: () => resolve(null),
    });
  });
}

export function copy(text: string, done: string): void {
  wx.setClipboardData({ data: text, success: () => toast(done), fail: () => toast(text) });
}

export function keepScreenOn(on: boolean): void {
  wx.setKeepScreenOn({ keepScreenOn: on, fail: () => {} });
}

export function endPullDown(): void {
  wx.stopPullDownRefresh();
}

/** WeChat's own page that updates WeChat, where there is one. */
export function updateWechat(): boolean {
  if (!wx.updateWeChatApp) return false;
  wx.updateWeChatApp({ fail: () => {} });
  return true;
}
