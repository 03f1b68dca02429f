/**
 * The nine templates as data: where each tile stands, in CSS lengths of the stage. One picture list is laid out for all of
 * them, so a change of template moves tiles and restarts nothing.
 */

export const TEMPLATES = [
  '1v1',
  '1v3',
  'bigsmall',
  '1v1bigsmall',
  '1v1horizontal',
  'float',
  'grid',
  '1u3d',
  '1l3r',
] as const;

export type Template = (typeof TEMPLATES)[number];

export const DEFAULT_TEMPLATE: Template = 'float';

/** A name that is none of the nine shows the default, as an attribute with a slip of the pen should not draw nothing. */
export function templateOf(name: string): Template {
  return (TEMPLATES as readonly string[]).includes(name) ? (name as Template) : DEFAULT_TEMPLATE;
}

/** How many others a template shows; whoever is over has a name only. */
export function placesOf(template: Template): number {
  switch (template) {
    case '1v1':
    case 'bigsmall':
    case '1v1bigsmall':
    case '1v1horizontal':
      return 1;
    case '1v3':
    case 'float':
    case '1u3d':
    case '1l3r':
      return 3;
    case 'grid':
      return 8;
  }
}

/** Whether the template has a presenter: the member that `roomCreator` names. */
export function hasPresenter(template: Template): boolean {
  return template === '1u3d' || template === '1l3r';
}

export interface Box {
  readonly left: string;
  readonly top: string;
  readonly width: string;
  readonly height: string;
  /** Stacking order. */
  readonly z: number;
  /** The tile that the eye goes to; tapping a small one of two exchanges them. */
  readonly big: boolean;
  /** Lies upon another tile. */
  readonly floating: boolean;
}

export interface Layout {
  readonly self: Box;
  readonly others: readonly Box[];
  /** The big picture reaches under the notch and the home bar. */
  readonly bleed: boolean;
}

/** Position and size of the small picture, as CSS lengths. */
export interface SmallView {
  readonly left: string;
  readonly top: string;
  readonly width: string;
  readonly height: string;
}

export const SMALL_VIEW: SmallView = { left: '1vw', top: '1vw', width: '30vw', height: '40vw' };

/** A plain CSS length: it goes into a style attribute, so nothing else passes. */
export function cssLength(value: string, fallback: string): string {
  return /^-?\d{1,5}(\.\d{1,4})?(px|rpx|vw|vh|%)$/.test(value) ? value : fallback;
}

export interface LayoutQuestion {
  readonly template: Template;
  /** Tiles of others that are there. */
  readonly others: number;
  /** Which tile presents: the index of another, `'self'`, or `null` when nobody of the room does. */
  readonly presenter: number | 'self' | null;
  /** Big and small are exchanged. */
  readonly swapped: boolean;
  readonly small: SmallView;
}

export function layOut(question: LayoutQuestion): Layout {
  const { template } = question;
  const count = Math.min(question.others, placesOf(template));
  switch (template) {
    case 'bigsmall':
    case '1v1bigsmall':
      return bigAndSmall(count, question.swapped, question.small);
    case '1v1':
      return count === 0 ? alone() : rows(2, count);
    case '1v1horizontal':
      return count === 0 ? alone() : columns(2, count);
    case 'float':
      return floating(count, question.swapped);
    case 'grid':
      return grid(count, count + 1);
    case '1v3':
      return grid(count, 4);
    case '1u3d':
      return presented(count, question.presenter, true);
    case '1l3r':
      return presented(count, question.presenter, false);
  }
}

function percent(value: number): string {
  return `${Math.round(value * 10_000) / 10_000}%`;
}

function tile(left: number, top: number, width: number, height: number, big = false): Box {
  return {
    left: percent(left),
    top: percent(top),
    width: percent(width),
    height: percent(height),
    z: 1,
    big,
    floating: false,
  };
}

const FULL: Box = tile(0, 0, 100, 100, true);

function alone(): Layout {
  return { self: FULL, others: [], bleed: true };
}

function bigAndSmall(count: number, swapped: boolean, small: SmallView): Layout {
  if (count === 0) return alone();
  const corner: Box = { ...small, z: 2, big: false, floating: true };
  return swapped ? { self: FULL, others: [corner], bleed: true } : { self: corner, others: [FULL], bleed: true };
}

/** One picture fills the stage, up to three stand in a column at its right edge. */
function floating(count: number, swapped: boolean): Layout {
  if (count === 0) return alone();
  const small: Box[] = [];
  for (let i = 0; i < count; i++) {
    small.push({ ...tile(72, 12 + i * 21, 25, 19.5), z: 2, floating: true });
  }
  const [first = FULL, ...rest] = small;
  return swapped
    ? { self: FULL, others: small, bleed: true }
    : { self: first, others: [FULL, ...rest].slice(0, count), bleed: true };
}

function rows(total: number, others: number): Layout {
  const boxes = Array.from({ length: total }, (_, i) => tile(0, (i * 100) / total, 100, 100 / total));
  return inOrder(boxes, others);
}

function columns(total: number, others: number): Layout {
  const boxes = Array.from({ length: total }, (_, i) => tile((i * 100) / total, 0, 100 / total, 100));
  return inOrder(boxes, others);
}

/** Equal tiles; a last row that is not full stands in the middle. */
function grid(others: number, total: number): Layout {
  const across = total <= 2 ? 1 : total <= 6 ? 2 : 3;
  const down = Math.max(Math.ceil(total / across), total > 6 ? 3 : 1);
  const boxes = Array.from({ length: total }, (_, i) => {
    const row = Math.floor(i / across);
    const inRow = row === Math.ceil(total / across) - 1 ? total - row * across : across;
    const indent = ((across - inRow) * 100) / across / 2;
    return tile(indent + ((i % across) * 100) / across, (row * 100) / down, 100 / across, 100 / down);
  });
  return { ...inOrder(boxes, others), bleed: total === 1 };
}

/** Oneself first, then the others. */
function inOrder(boxes: readonly Box[], others: number): Layout {
  return { self: boxes[0] ?? FULL, others: boxes.slice(1, 1 + others), bleed: false };
}

/** One large above (or left), up to three small below (or right). */
function presented(count: number, presenter: number | 'self' | null, upper: boolean): Layout {
  if (count === 0) return alone();
  const large = upper ? tile(0, 0, 100, 68, true) : tile(0, 0, 68, 100, true);
  const small = (i: number): Box =>
    upper ? tile((i * 100) / 3, 68, 100 / 3, 32) : tile(68, (i * 100) / 3, 32, 100 / 3);
  // Nobody presents yet: the first of the others is looked at meanwhile.
  const big = presenter === 'self' ? -1 : Math.min(presenter ?? 0, count - 1);
  let next = 0;
  const self = big === -1 ? large : small(next++);
  const others = Array.from({ length: count }, (_, i) => (i === big ? large : small(next++)));
  return { self, others, bleed: false };
}
