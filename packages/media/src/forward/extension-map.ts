import type { ExtensionMap } from '../transport/types.ts';
import type { ExtensionIds } from './types.ts';

/**
 * Which header extensions a viewer gets: its section's mid and send times are ours to write, what describes the media is
 * copied under the viewer's ids.
 * @param layered several encodings: a dependency descriptor counts frames of one encoding and would jump at a switch.
 */
export function mapExtensions(from: ExtensionIds, to: ExtensionIds, mid: string, layered: boolean): ExtensionMap {
  const copy: [number, number][] = [];
  const add = (source: number | undefined, target: number | undefined) => {
    if (source !== undefined && target !== undefined) copy.push([source, target]);
  };
  add(from.audioLevel, to.audioLevel);
  add(from.playoutDelay, to.playoutDelay);
  if (!layered) add(from.dependencyDescriptor, to.dependencyDescriptor);
  return {
    ...(to.mid === undefined ? {} : { mid: { id: to.mid, value: mid } }),
    ...(to.transportCc === undefined ? {} : { transportCc: to.transportCc }),
    ...(to.absSendTime === undefined ? {} : { absSendTime: to.absSendTime }),
    copy,
  };
}
