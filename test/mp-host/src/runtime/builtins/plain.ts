import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import type { Pages } from '../pages.ts';
import { defineBuiltin, inside } from './define.ts';

/** Components that show something. */
export function definePlain(space: CodeSpace, pages: Pages): void {
  for (const tag of ['view', 'cover-view', 'root-portal'] as const) {
    defineBuiltin(space, tag, { scrollTop: 0, enable: true }, () => ({}));
  }
  defineBuiltin(
    space,
    'text',
    { selectable: false, userSelect: false, space: '', decode: false, overflow: '', maxLines: 0 },
    () => ({}),
  );
  defineBuiltin(space, 'icon', { type: '', size: 23, color: '' }, ({ element, props }) => ({
    changed() {
      element.dataset['type'] = props.type;
      element.style.width = `${props.size}px`;
      element.style.height = `${props.size}px`;
    },
  }));
  defineBuiltin(
    space,
    'progress',
    { percent: 0, showInfo: false, activeColor: '', backgroundColor: '', strokeWidth: 6, active: false, duration: 30 },
    ({ element, props }) => ({
      changed() {
        element.dataset['percent'] = String(props.percent);
      },
    }),
  );
  defineBuiltin(space, 'rich-text', { nodes: null as unknown, space: '', userSelect: false }, ({ element, props }) => ({
    changed() {
      // Its own children are not the framework's; only texts are shown.
      element.textContent = typeof props.nodes === 'string' ? props.nodes.replace(/<[^>]*>/g, '') : '';
    },
  }));
  image(space, 'image');
  image(space, 'cover-image');
  scrollView(space);
  swiper(space);
  defineBuiltin(
    space,
    'navigator',
    { url: '', openType: 'navigate', delta: 1, target: 'self', appId: '', path: '', extraData: null as unknown },
    ({ element, props }) => ({
      attached() {
        element.addEventListener('click', () => navigate(pages, props.openType, props.url, props.delta));
      },
    }),
  );
  webView(space);
}

function navigate(pages: Pages, openType: string, url: string, delta: number): void {
  if (openType === 'redirect') pages.redirectTo(url);
  else if (openType === 'reLaunch') pages.reLaunch(url);
  else if (openType === 'switchTab') pages.switchTab(url);
  else if (openType === 'navigateBack') pages.navigateBack(delta);
  else if (openType === 'navigate') pages.navigateTo(url);
}

const FITS: Record<string, string> = { scaleToFill: 'fill', aspectFit: 'contain', aspectFill: 'cover' };

function image(space: CodeSpace, tag: 'image' | 'cover-image'): void {
  const props = {
    src: '',
    mode: 'scaleToFill',
    lazyLoad: false,
    webp: false,
    showMenuByLongpress: false,
    fadeIn: false,
  };
  defineBuiltin(space, tag, props, (self) => {
    const picture = inside(self.element, 'img');
    picture.alt = '';
    picture.addEventListener('load', () =>
      self.emit('load', { width: picture.naturalWidth, height: picture.naturalHeight }),
    );
    picture.addEventListener('error', () => self.emit('error', { errMsg: `GET ${self.props.src} failed` }));
    return {
      changed(names) {
        if (names.has('src') && self.props.src !== '') picture.setAttribute('src', self.props.src);
        picture.style.objectFit = FITS[self.props.mode] ?? 'cover';
      },
    };
  });
}

function scrollView(space: CodeSpace): void {
  const props = {
    scrollX: false,
    scrollY: false,
    scrollTop: 0,
    scrollLeft: 0,
    scrollIntoView: '',
    scrollWithAnimation: false,
    upperThreshold: 50,
    lowerThreshold: 50,
    enableFlex: false,
    enhanced: false,
    bounces: true,
    showScrollbar: true,
    refresherEnabled: false,
    refresherTriggered: false,
    refresherThreshold: 45,
    refresherBackground: '',
    refresherDefaultStyle: '',
    type: '',
    enableBackToTop: false,
    pagingEnabled: false,
    fastDeceleration: false,
  };
  defineBuiltin(space, 'scroll-view', props, (self) => {
    const { element } = self;
    let atLower = false;
    element.addEventListener('scroll', () => {
      const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight } = element;
      self.emit('scroll', { scrollTop, scrollLeft, scrollHeight, scrollWidth, deltaX: 0, deltaY: 0 });
      const lower = scrollHeight - scrollTop - clientHeight <= self.props.lowerThreshold;
      if (lower && !atLower) self.emit('scrolltolower', { direction: 'bottom' });
      if (scrollTop <= self.props.upperThreshold) self.emit('scrolltoupper', { direction: 'top' });
      atLower = lower;
    });
    return {
      changed(names) {
        element.toggleAttribute('data-scroll-x', self.props.scrollX);
        element.toggleAttribute('data-scroll-y', self.props.scrollY);
        if (names.has('scrollTop')) element.scrollTop = self.props.scrollTop;
        if (names.has('scrollLeft')) element.scrollLeft = self.props.scrollLeft;
        const target = self.props.scrollIntoView;
        if (names.has('scrollIntoView') && target !== '') {
          element.querySelector(`[id$="--${target}"]`)?.scrollIntoView?.();
        }
      },
    };
  });
}

function swiper(space: CodeSpace): void {
  const props = {
    current: 0,
    autoplay: false,
    interval: 5_000,
    duration: 500,
    circular: false,
    vertical: false,
    indicatorDots: false,
    indicatorColor: '',
    indicatorActiveColor: '',
    previousMargin: '',
    nextMargin: '',
    displayMultipleItems: 1,
    easingFunction: '',
  };
  defineBuiltin(space, 'swiper', props, (self) => {
    const place = () => {
      const items = [...self.element.querySelectorAll<HTMLElement>('wx-swiper-item')];
      items.forEach((item, index) => {
        const way = `${(index - self.props.current) * 100}%`;
        item.style.transform = self.props.vertical ? `translateY(${way})` : `translateX(${way})`;
      });
    };
    // Tests, and whoever drags, move it by this event.
    self.element.addEventListener('mp-swipe', (event) => {
      const current = (event as CustomEvent<number>).detail;
      self.set('current', current);
      self.emit('change', { current, currentItemId: '', source: 'touch' });
    });
    return { changed: place, attached: () => requestAnimationFrame(place) };
  });
  defineBuiltin(space, 'swiper-item', { itemId: '', skipHiddenItemLayout: false }, () => ({}));
}

function webView(space: CodeSpace): void {
  defineBuiltin(space, 'web-view', { src: '', updateTitle: true }, (self) => {
    const frame = inside(self.element, 'iframe');
    frame.allow = 'camera; microphone; autoplay';
    frame.addEventListener('load', () => self.emit('load', { src: self.props.src }));
    frame.addEventListener('error', () => self.emit('error', { url: self.props.src }));
    return {
      changed(names) {
        if (names.has('src') && self.props.src !== '') frame.src = self.props.src;
      },
    };
  });
}
