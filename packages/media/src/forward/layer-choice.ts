import type { Layer } from './layer.ts';

/** The best active layer not above `max`; when there is none, the lowest active one; −1 when none is active. */
export function chooseLayer(layers: readonly Layer[], max: number, now: number): number {
  let above = -1;
  for (let i = layers.length - 1; i >= 0; i--) {
    if (!layers[i]!.active(now)) continue;
    if (i <= max) return i;
    above = i;
  }
  return above;
}
