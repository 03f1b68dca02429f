import { describe, expect, it } from 'vitest';
import {
  type Box,
  cssLength,
  type LayoutQuestion,
  layOut,
  placesOf,
  SMALL_VIEW,
  TEMPLATES,
  templateOf,
} from './layout.ts';

const question = (more: Partial<LayoutQuestion>): LayoutQuestion => ({
  template: 'float',
  others: 0,
  presenter: null,
  swapped: false,
  small: SMALL_VIEW,
  ...more,
});

function edges(box: Box): { left: number; top: number; right: number; bottom: number } {
  const [left, top, width, height] = [box.left, box.top, box.width, box.height].map(Number.parseFloat);
  if (left === undefined || top === undefined || width === undefined || height === undefined) throw new Error('no box');
  return { left, top, right: left + width, bottom: top + height };
}

function overlap(a: Box, b: Box): boolean {
  const one = edges(a);
  const two = edges(b);
  const slack = 0.01;
  return (
    one.left < two.right - slack &&
    two.left < one.right - slack &&
    one.top < two.bottom - slack &&
    two.top < one.bottom - slack
  );
}

describe('templates', () => {
  it('[WR10] are nine; any other name is float', () => {
    expect(TEMPLATES).toHaveLength(9);
    for (const template of TEMPLATES) expect(templateOf(template)).toBe(template);
    expect(templateOf('2v2')).toBe('float');
    expect(templateOf('')).toBe('float');
  });

  it('[WR10] show so many others, never more', () => {
    const places = Object.fromEntries(TEMPLATES.map((template) => [template, placesOf(template)]));
    expect(places).toEqual({
      '1v1': 1,
      '1v3': 3,
      bigsmall: 1,
      '1v1bigsmall': 1,
      '1v1horizontal': 1,
      float: 3,
      grid: 8,
      '1u3d': 3,
      '1l3r': 3,
    });
    for (const template of TEMPLATES) {
      expect(layOut(question({ template, others: 20 })).others).toHaveLength(placesOf(template));
    }
  });

  it('[WR11] keep tiles on the stage, and apart unless one floats above', () => {
    for (const template of TEMPLATES) {
      for (let others = 0; others <= placesOf(template); others++) {
        for (const presenter of [null, 'self', 0, 2] as const) {
          for (const swapped of [false, true]) {
            const layout = layOut(question({ template, others, presenter, swapped }));
            const boxes = [layout.self, ...layout.others];
            expect(boxes).toHaveLength(others + 1);
            for (const box of boxes) {
              const { left, top, right, bottom } = edges(box);
              expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
              expect(Math.max(right, bottom)).toBeLessThanOrEqual(100.01);
            }
            const flat = boxes.filter((box) => !box.floating);
            const floating = boxes.filter((box) => box.floating && box.left.endsWith('%'));
            for (const group of [flat, floating]) {
              group.forEach((a, i) => {
                for (const b of group.slice(i + 1)) {
                  expect(overlap(a, b), `${template} ${others} ${JSON.stringify([a, b])}`).toBe(false);
                }
              });
            }
            for (const box of boxes.filter((one) => one.floating)) expect(box.z).toBeGreaterThan(1);
          }
        }
      }
    }
  });

  it('[WR11] alone, one fills the stage', () => {
    for (const template of TEMPLATES.filter((one) => one !== '1v3')) {
      expect(edges(layOut(question({ template })).self)).toEqual({ left: 0, top: 0, right: 100, bottom: 100 });
    }
  });

  it('[WR12] give the presenter of 1u3d and 1l3r the large tile: above, or left', () => {
    for (const template of ['1u3d', '1l3r'] as const) {
      const self = layOut(question({ template, others: 3, presenter: 'self' }));
      expect(self.self.big).toBe(true);
      expect(self.others.some((box) => box.big)).toBe(false);
      const second = layOut(question({ template, others: 3, presenter: 1 }));
      expect(second.others.map((box) => box.big)).toEqual([false, true, false]);
      expect(second.self.big).toBe(false);
    }
    expect(edges(layOut(question({ template: '1u3d', others: 3, presenter: 0 })).others[0] as Box).right).toBe(100);
    expect(edges(layOut(question({ template: '1l3r', others: 3, presenter: 0 })).others[0] as Box).bottom).toBe(100);
  });

  it('[WR13] exchange big and small, and place the small one by the properties', () => {
    const small = { left: '10px', top: '20rpx', width: '25vw', height: '30vh' };
    const plain = layOut(question({ template: 'bigsmall', others: 1, small }));
    expect(plain.self).toMatchObject({ ...small, floating: true });
    expect(plain.others[0]).toMatchObject({ big: true, floating: false });
    const swapped = layOut(question({ template: 'bigsmall', others: 1, small, swapped: true }));
    expect(swapped.self.big).toBe(true);
    expect(swapped.others[0]).toMatchObject({ ...small, floating: true });
  });

  it('[WR13] take plain lengths only into a style', () => {
    expect(cssLength('1.5vw', 'x')).toBe('1.5vw');
    for (const bad of ['', '1', 'calc(1px)', '1px;position:fixed', 'url(x)', '1em', '123456px']) {
      expect(cssLength(bad, 'x')).toBe('x');
    }
  });
});
