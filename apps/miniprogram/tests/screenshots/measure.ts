/** Something that an eye should look at. */
export interface Finding {
  readonly kind: 'contrast' | 'target' | 'clipped' | 'overlap' | 'outside';
  /** Class and words of the element. */
  readonly what: string;
  readonly detail: string;
}

/** Measures the page as it stands; runs in the page, so it uses nothing from outside. */
export function measure(): Finding[] {
  const found: Finding[] = [];
  const nameOf = (element: Element) =>
    `${element.getAttribute('class') ?? element.localName} “${(element.textContent ?? '').trim().slice(0, 30)}”`;
  const add = (kind: Finding['kind'], element: Element, detail: string) =>
    found.push({ kind, what: nameOf(element), detail });

  type Colour = readonly [number, number, number, number];
  const parse = (text: string): Colour => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  };
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (i: 0 | 1 | 2) => top[i] * top[3] + below[i] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const luminance = (colour: Colour) => {
    const part = (value: number) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
  };
  /** What is behind an element: its ancestors' colours; a picture counts as white, the worst for light words. */
  const behind = (element: Element): Colour => {
    const layers: Colour[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      if (at.querySelector(':scope > wx-live-pusher, :scope > wx-live-player') !== null) {
        layers.push([255, 255, 255, 1]);
        break;
      }
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
      // Over pictures: white is the worst; the invitation has a shadow of its own, of at least seven tenths.
      if (at.matches('[data-testid=waiting], .alone')) {
        layers.push(at.matches('.alone') ? [84, 84, 84, 1] : [255, 255, 255, 1]);
        break;
      }
    }
    let result: Colour = [255, 255, 255, 1];
    for (const layer of layers.reverse()) result = over(layer, result);
    return result;
  };

  /** As much of some words as their own box and those around it show. */
  const clip = (box: DOMRect, element: Element) => {
    let { right, bottom } = box;
    for (let at: Element | null = element; at !== null && !at.matches('.mp-page'); at = at.parentElement) {
      const own = at.getBoundingClientRect();
      if (getComputedStyle(at).overflowX !== 'hidden' || own.width === 0) continue;
      right = Math.min(right, own.right);
      bottom = Math.min(bottom, own.bottom);
    }
    return new DOMRect(box.left, box.top, Math.max(0, right - box.left), Math.max(0, bottom - box.top));
  };

  const page = document.querySelector('.mp-page:not([hidden])') ?? document.body;
  const words: { element: Element; box: DOMRect }[] = [];
  const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element === null || (node.nodeValue ?? '').trim() === '' || element.closest('.mp-title') !== null) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = clip(range.getBoundingClientRect(), element);
    if (box.width === 0 || box.height === 0) continue;
    const x = box.left + box.width / 2;
    const y = box.top + box.height / 2;
    const hit = document.elementFromPoint(x, y);
    // Covered by a sheet, or scrolled away.
    const seen = hit !== null && (hit.contains(element) || element.contains(hit));
    if (x >= 0 && x <= innerWidth && y >= 44 && y <= innerHeight && seen) words.push({ element, box });
    else if (x > innerWidth || x < 0) add('outside', element, `x ${Math.round(box.left)}–${Math.round(box.right)}`);
    else if (
      hit !== null &&
      y > 44 &&
      y < innerHeight &&
      hit.closest('[role],.shade,.sheet,.cover,.bottom-bar,.controls,.mp-veil') === null
    ) {
      add('overlap', element, `under ${nameOf(hit)}`);
    }
    if (!seen) continue;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    const floor = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const back = behind(element);
    const [one, two] = [luminance(over(parse(style.color), back)), luminance(back)];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < floor) add('contrast', element, `${contrast.toFixed(2)} at ${size}px`);
  }

  const style = (element: Element) => getComputedStyle(element).display;
  for (const [index, { element, box }] of words.entries()) {
    for (const other of words.slice(index + 1)) {
      if (other.element.parentElement === element.parentElement && style(element) === 'inline') continue;
      if (other.element.contains(element) || element.contains(other.element)) continue;
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (across > 1 && down > 2) add('overlap', element, `with ${nameOf(other.element)}`);
    }
  }

  for (const element of page.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    const style = getComputedStyle(element);
    const control = element.matches('[role=button], [role=radio], wx-button, [role=link]');
    if (control && (box.width < 44 || box.height < 44)) {
      add('target', element, `${Math.round(box.width)} × ${Math.round(box.height)}`);
    }
    const hides = style.overflowX === 'hidden' || style.textOverflow === 'ellipsis';
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && (node.nodeValue ?? '').trim() !== '');
    if (hides && text && element.scrollWidth > element.clientWidth + 1) {
      add('clipped', element, `${element.scrollWidth} in ${element.clientWidth}`);
    }
    if (control && (box.right > innerWidth + 1 || box.left < -1))
      add('outside', element, `right ${Math.round(box.right)}`);
  }
  return found;
}
