import type { UnitConfig } from './types.ts';

/** The window of one page: its title bar, and where the page is put. */
export class PageFrame {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #text: HTMLElement;
  #scroll = 0;

  constructor(config: UnitConfig, canGoBack: boolean, goBack: () => void) {
    this.element = document.createElement('div');
    this.element.className = 'mp-page';
    this.#title = document.createElement('header');
    this.#title.className = 'mp-title';
    this.#text = document.createElement('span');
    this.#text.dataset['testid'] = 'mp-title';
    if (canGoBack) {
      const back = document.createElement('button');
      back.className = 'mp-back';
      back.dataset['testid'] = 'mp-back';
      back.textContent = '‹';
      back.addEventListener('click', goBack);
      this.#title.append(back);
    }
    this.#title.append(this.#text);
    if (config.navigationStyle !== 'custom') {
      this.element.classList.add('mp-bar');
      if (config['disableScroll'] === true) this.element.classList.add('mp-still');
      this.element.append(this.#title);
    }
    this.setTitle(String(config.navigationBarTitleText ?? ''));
    this.setColors(
      String(config['navigationBarBackgroundColor'] ?? '#ffffff'),
      config['navigationBarTextStyle'] === 'white' ? '#ffffff' : '#000000',
    );
  }

  get title(): string {
    return this.#text.textContent ?? '';
  }

  setTitle(text: string): void {
    this.#text.textContent = text;
  }

  setColors(background: string, front: string): void {
    this.#title.style.background = background;
    this.#title.style.color = front;
  }

  mount(attach: (parent: Element, placeholder: Element) => void): void {
    const placeholder = document.createElement('div');
    this.element.append(placeholder);
    document.body.append(this.element);
    attach(this.element, placeholder);
  }

  show(): void {
    this.element.hidden = false;
    document.documentElement.scrollTop = this.#scroll;
  }

  hide(): void {
    this.#scroll = document.documentElement.scrollTop;
    this.element.hidden = true;
  }

  remove(): void {
    this.element.remove();
  }
}
