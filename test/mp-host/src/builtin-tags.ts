/** Tags of WeChat's own components that this host renders. */
export const BUILTIN_TAGS = [
  'button',
  'checkbox',
  'checkbox-group',
  'cover-image',
  'cover-view',
  'form',
  'icon',
  'image',
  'input',
  'label',
  'live-player',
  'live-pusher',
  'navigator',
  'picker',
  'progress',
  'radio',
  'radio-group',
  'rich-text',
  'root-portal',
  'scroll-view',
  'slider',
  'swiper',
  'swiper-item',
  'switch',
  'text',
  'textarea',
  'view',
  'web-view',
] as const;

export type BuiltinTag = (typeof BUILTIN_TAGS)[number];

/** Tags that belong to WXML itself; `page-meta` and `navigation-bar` are not among them. */
export const STRUCTURE_TAGS = ['block', 'import', 'include', 'slot', 'template', 'wxs'] as const;
