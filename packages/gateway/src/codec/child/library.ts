/** The codec library, loaded once by the process. Types only elsewhere: it is an optional dependency. */
import type * as Constants from 'node-av/constants';
import type * as Lib from 'node-av/lib';

export type Library = typeof Lib & { readonly constants: typeof Constants };
export type { CodecContext, Frame, Packet, SoftwareResampleContext, SoftwareScaleContext } from 'node-av/lib';

/**
 * Loads it and makes it silent (its log has lines for every damaged frame).
 * @param name package name; tests give one that is not there.
 */
export async function loadLibrary(name: string): Promise<Library> {
  const lib = (await import(`${name}/lib`)) as typeof Lib;
  const constants = (await import(`${name}/constants`)) as typeof Constants;
  lib.Log.setLevel(constants.AV_LOG_QUIET);
  return { ...lib, constants };
}

/** The job cannot go on. */
export class JobEnded extends Error {
  override name = 'JobEnded';
  readonly reason: 'undecodable' | 'refused';

  constructor(reason: 'undecodable' | 'refused', detail: string) {
    super(detail);
    this.reason = reason;
  }
}

export function layoutOf(library: Library, channels: number): Lib.Frame['channelLayout'] {
  return {
    nbChannels: channels,
    order: library.constants.AV_CHANNEL_ORDER_NATIVE,
    mask: channels === 1 ? 4n : 3n,
  };
}

/** Opens a codec. Options go through asynchronous `open2`: the synchronous one with a dictionary crashes at exit. */
export async function openCodec(
  library: Library,
  context: Lib.CodecContext,
  codec: Lib.Codec,
  options: Record<string, string>,
): Promise<void> {
  const dictionary = library.Dictionary.fromObject(options);
  const result = await context.open2(codec, dictionary);
  dictionary.free();
  if (result < 0) throw new JobEnded('refused', `a codec did not open (${result})`);
}
