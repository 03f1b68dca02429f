import type { Pages } from '../pages.ts';
import { type ApiFactory, WxFail, type WxFunction } from './api.ts';

interface ModalOptions {
  readonly title?: string;
  readonly content?: string;
  readonly showCancel?: boolean;
  readonly cancelText?: string;
  readonly confirmText?: string;
  readonly editable?: boolean;
  readonly placeholderText?: string;
}

interface ModalAnswer {
  readonly confirm: boolean;
  readonly cancel: boolean;
  readonly content?: string;
}

/** What lies over the pages: one modal or sheet at a time, and one toast or loading sign, as in WeChat. */
export class Overlays {
  modal: { readonly options: ModalOptions; answer(answer: Partial<ModalAnswer>): void } | null = null;
  sheet: { readonly items: readonly string[]; answer(index: number | null): void } | null = null;
  toast: { readonly title: string; readonly icon: string; readonly loading: boolean } | null = null;
  #toastElement: HTMLElement | null = null;
  #toastTimer: ReturnType<typeof setTimeout> | null = null;

  showModal(options: ModalOptions): Promise<ModalAnswer> {
    return new Promise((resolve) => {
      const veil = element('div', 'mp-veil', 'mp-modal');
      const input = options.editable ? (element('input', '', 'mp-modal-input') as HTMLInputElement) : null;
      if (input !== null) {
        input.value = options.content ?? '';
        input.placeholder = options.placeholderText ?? '';
      }
      const answer = (given: Partial<ModalAnswer>) => {
        veil.remove();
        this.modal = null;
        const confirm = given.confirm ?? false;
        const content = given.content ?? input?.value;
        resolve({ confirm, cancel: !confirm, ...(options.editable && confirm ? { content: content ?? '' } : {}) });
      };
      const box = element('div', 'mp-modal');
      if (options.title) box.append(text('h3', options.title, 'mp-modal-title'));
      if (input !== null) box.append(input);
      else if (options.content) box.append(text('p', options.content, 'mp-modal-content'));
      const footer = element('footer', '');
      if (options.showCancel ?? true) {
        footer.append(button(options.cancelText ?? '取消', 'mp-modal-cancel', () => answer({ cancel: true })));
      }
      footer.append(button(options.confirmText ?? '确定', 'mp-modal-confirm', () => answer({ confirm: true })));
      box.append(footer);
      veil.append(box);
      document.body.append(veil);
      this.modal = { options, answer };
    });
  }

  showSheet(items: readonly string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const veil = element('div', 'mp-veil mp-low', 'mp-sheet');
      const answer = (index: number | null) => {
        veil.remove();
        this.sheet = null;
        if (index === null) reject(new WxFail('cancel'));
        else resolve(index);
      };
      const box = element('div', 'mp-sheet');
      items.forEach((item, index) => {
        box.append(button(item, `mp-sheet-${index}`, () => answer(index)));
      });
      box.append(button('取消', 'mp-sheet-cancel', () => answer(null)));
      veil.append(box);
      document.body.append(veil);
      this.sheet = { items, answer };
    });
  }

  /** @param duration milliseconds; `null` stays until it is hidden */
  showToast(title: string, icon: string, duration: number | null): void {
    this.hideToast();
    const veil = element('div', 'mp-veil mp-clear', 'mp-toast');
    veil.append(text('div', title, 'mp-toast-text', 'mp-toast'));
    document.body.append(veil);
    this.#toastElement = veil;
    this.toast = { title, icon, loading: duration === null };
    if (duration !== null) this.#toastTimer = setTimeout(() => this.hideToast(), duration);
  }

  hideToast(): void {
    if (this.#toastTimer !== null) clearTimeout(this.#toastTimer);
    this.#toastElement?.remove();
    this.#toastElement = null;
    this.toast = null;
  }
}

export function uiApi(make: ApiFactory, overlays: Overlays, pages: Pages): Record<string, WxFunction> {
  return {
    showToast: make.async<{ title: string; icon?: string; duration?: number }>('showToast', (options) => {
      overlays.showToast(options.title, options.icon ?? 'success', options.duration ?? 1_500);
    }),
    hideToast: make.async('hideToast', () => overlays.hideToast()),
    showLoading: make.async<{ title: string }>('showLoading', (options) => {
      overlays.showToast(options.title, 'loading', null);
    }),
    hideLoading: make.async('hideLoading', () => {
      if (overlays.toast?.loading === true) overlays.hideToast();
    }),
    showModal: make.async<ModalOptions>('showModal', async (options) => {
      if (overlays.modal !== null) throw new WxFail('a modal is already shown');
      for (const name of ['confirmText', 'cancelText'] as const) {
        if (columns(options[name] ?? '') > 8)
          throw new WxFail(`${name} length should not larger than 4 Chinese characters`);
      }
      return overlays.showModal(options);
    }),
    showActionSheet: make.async<{ itemList: string[] }>('showActionSheet', async ({ itemList }) => {
      if (itemList.length > 6) throw new WxFail('parameter error: itemList should not be larger than 6');
      return { tapIndex: await overlays.showSheet(itemList) };
    }),
    setNavigationBarTitle: make.async<{ title: string }>('setNavigationBarTitle', ({ title }) => {
      pages.topFrame?.setTitle(title);
    }),
    setNavigationBarColor: make.async<{ frontColor: string; backgroundColor: string }>(
      'setNavigationBarColor',
      (options) => {
        pages.topFrame?.setColors(options.backgroundColor, options.frontColor);
      },
    ),
    showNavigationBarLoading: make.async('showNavigationBarLoading', () => {}),
    hideNavigationBarLoading: make.async('hideNavigationBarLoading', () => {}),
    hideHomeButton: make.async('hideHomeButton', () => {}),
    stopPullDownRefresh: make.async('stopPullDownRefresh', () => {}),
    startPullDownRefresh: make.async('startPullDownRefresh', () => {
      pages.call('onPullDownRefresh');
    }),
    pageScrollTo: make.async<{ scrollTop?: number; selector?: string }>('pageScrollTo', (options) => {
      if (options.scrollTop !== undefined) document.documentElement.scrollTop = options.scrollTop;
    }),
    previewImage: make.async<{ urls: string[] }>('previewImage', ({ urls }) => {
      if (urls.length === 0) throw new WxFail('no url to preview');
    }),
    showShareMenu: make.async('showShareMenu', () => {}),
    hideShareMenu: make.async('hideShareMenu', () => {}),
    enableAlertBeforeUnload: make.async<{ message: string }>('enableAlertBeforeUnload', () => {}),
    disableAlertBeforeUnload: make.async('disableAlertBeforeUnload', () => {}),
    nextTick: make.sync('nextTick', (run: () => void) => {
      setTimeout(run, 0);
    }),
  };
}

export function navigationApi(make: ApiFactory, pages: Pages): Record<string, WxFunction> {
  type To = { url: string; events?: Record<string, (...values: unknown[]) => void> };
  return {
    navigateTo: make.async<To>('navigateTo', ({ url, events }) => ({ eventChannel: pages.navigateTo(url, events) })),
    redirectTo: make.async<To>('redirectTo', ({ url }) => pages.redirectTo(url)),
    reLaunch: make.async<To>('reLaunch', ({ url }) => pages.reLaunch(url)),
    switchTab: make.async<To>('switchTab', ({ url }) => pages.switchTab(url)),
    navigateBack: make.async<{ delta?: number }>('navigateBack', ({ delta }) => pages.navigateBack(delta ?? 1)),
  };
}

/** As WeChat counts: a Chinese character has two. */
function columns(text: string): number {
  return [...text].reduce((sum, sign) => sum + (sign > '\u00ff' ? 2 : 1), 0);
}

function element(tag: string, className: string, testid?: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (testid !== undefined) made.dataset['testid'] = testid;
  return made;
}

function text(tag: string, content: string, testid: string, className = ''): HTMLElement {
  const made = element(tag, className, testid);
  made.textContent = content;
  return made;
}

function button(label: string, testid: string, run: () => void): HTMLElement {
  const made = text('button', label, testid);
  made.addEventListener('click', run);
  return made;
}
