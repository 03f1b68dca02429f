/** Put into pages of the product: reads the pictures that they show and the tones that they play. */
import './network.ts';
import type { LocalTrackPublication, Room } from 'livekit-client';
import type { Look, Sound } from '../src/harness-api.ts';
import type { WatchApi } from '../src/watch-api.ts';
import { type Ear, makeEar } from './ear.ts';
import { FrameCounter, lookAt } from './eye.ts';
import { makePicture } from './sources.ts';
import { readStats } from './stats.ts';

const counters = new WeakMap<HTMLVideoElement, FrameCounter>();
const ears = new Map<string, { readonly track: MediaStreamTrack; readonly ear: Ear }>();

function room(): Room {
  const found = (globalThis as { __lianmaiRoom?: Room }).__lianmaiRoom;
  if (found === undefined) throw new Error('the page shows no room: open it with ?debug=1');
  return found;
}

function video(identity: string, source: string): HTMLVideoElement | null {
  return document.querySelector(
    `[data-testid="participant-tile"][data-identity="${identity}"][data-source="${source}"] video`,
  );
}

const watch: WatchApi = {
  identity: async () => room().localParticipant.identity,
  sid: async () => room().localParticipant.sid,
  async look(identity, source): Promise<Look | null> {
    const element = video(identity, source);
    if (element === null) return null;
    const counter = counters.get(element) ?? new FrameCounter(element);
    counters.set(element, counter);
    const seen = lookAt(element);
    return seen === null ? null : { ...seen, frames: counter.frames };
  },
  async listen(identity): Promise<Sound | null> {
    const publication = room().remoteParticipants.get(identity)?.getTrackPublications() ?? [];
    const track = publication.find((one) => one.source === 'microphone')?.track?.mediaStreamTrack;
    if (track === undefined) return null;
    let known = ears.get(identity);
    if (known?.track !== track) {
      known?.ear.close();
      // The product's own element plays it; this one only carries the analyser.
      known = { track, ear: makeEar(document.createElement('audio'), track) };
      ears.set(identity, known);
    }
    return known.ear.listen();
  },
  async codecs() {
    const publications = [...room().localParticipant.videoTrackPublications.values()] as LocalTrackPublication[];
    return publications.map(({ mimeType, options }) => (mimeType || `video/${options?.videoCodec}`).toLowerCase());
  },
  stats: readStats,
  async identities() {
    return [...room().remoteParticipants.keys()].sort();
  },
};
Object.assign(globalThis, { watch });

// No screen here to share: a picture that can be told from every camera takes its place.
if (navigator.mediaDevices !== undefined) {
  navigator.mediaDevices.getDisplayMedia = async () =>
    new MediaStream([makePicture({ color: [110, 110, 110], width: 640, height: 360 })]);
}
