/** The publishing half of an accepted offer: sections turn into uplinks and back. */
import type { Forwarder, UplinkOptions, UplinkSink } from '../forward/types.ts';
import { binding, type Codec, orderForPublisher, withOpusPreferences } from '../sdp/codecs.ts';
import { mirrorExtensions, uplinkIds } from '../sdp/extensions.ts';
import type { MediaSection } from '../sdp/parse.ts';
import type { PeerIndex } from '../transport/types.ts';
import { setPublication } from './publications.ts';
import type { MediaState } from './sections.ts';
import type { CodecPolicy, ConnectionSink } from './types.ts';

export interface UplinkContext {
  readonly forwarder: Forwarder;
  readonly peer: PeerIndex;
  readonly policy: CodecPolicy;
  readonly sink: ConnectionSink;
}

/** Layers are heard through {@link Uplink.activeLayers}; nobody waits for their start. */
const NO_LAYER_EVENTS: UplinkSink = { onLayerStarted() {}, onLayerStopped() {} };

/** livekit-client's names of its simulcast encodings; a browser may list them in either direction. */
const LIVEKIT_RIDS = ['q', 'h', 'f'];

/** Rids lowest quality first. Names that are not LiveKit's stand in that order already. */
export function layersOf(rids: readonly string[]): string[] {
  if (!rids.every((rid) => LIVEKIT_RIDS.includes(rid))) return [...rids];
  return [...rids].sort((a, b) => LIVEKIT_RIDS.indexOf(a) - LIVEKIT_RIDS.indexOf(b));
}

/** Makes, renews or replaces the uplink of a section that an offer turned (or kept) sending. */
export function publish(context: UplinkContext, state: MediaState, remote: MediaSection): void {
  const codecs = publisherCodecs(context, remote);
  const extensions = mirrorExtensions(remote.extensions);
  state.codecs = codecs;
  state.extensions = extensions;
  state.rids = [];
  if (state.publication !== null && (state.publication.trackId !== remote.trackId || codecs.length === 0)) {
    unpublish(context, state);
  }
  if (codecs.length === 0) {
    // The policy allows none of its codecs: the section stays, inactive, with the codecs it came with.
    state.codecs = remote.codecs;
    state.direction = 'inactive';
    return;
  }
  const ids = uplinkIds(extensions);
  // Without these two extensions nobody could tell the encodings apart.
  if (ids.mid !== undefined && ids.rid !== undefined) state.rids = remote.rids;
  state.direction = 'recvonly';
  const options: Omit<UplinkOptions, 'peer' | 'sink'> = {
    kind: remote.kind,
    mid: remote.mid,
    codecs: codecs.map(binding),
    extensions: ids,
    rids: layersOf(state.rids),
    ssrcs: remote.ssrcs,
  };
  if (state.publication !== null) {
    state.publication.uplink.update(options);
    setPublication(state.publication.uplink, { codecs, extensions: ids });
    state.publication = { ...state.publication, extensions };
    return;
  }
  const uplink = context.forwarder.createUplink({ ...options, peer: context.peer, sink: NO_LAYER_EVENTS });
  setPublication(uplink, { codecs, extensions: ids });
  state.publication = { uplink, trackId: remote.trackId, extensions };
  context.sink.onUplinkStarted({
    mid: remote.mid,
    kind: remote.kind,
    trackId: remote.trackId,
    streamId: remote.streamId,
    mimeType: codecs[0]!.mimeType,
    uplink,
  });
}

/** Ends the uplink of a section. */
export function unpublish(context: UplinkContext, state: MediaState): void {
  if (state.publication === null) return;
  const { uplink } = state.publication;
  state.publication = null;
  state.rids = [];
  state.direction = 'inactive';
  context.sink.onUplinkStopped(state.mid);
  uplink.close();
}

function publisherCodecs(context: UplinkContext, remote: MediaSection): Codec[] {
  const wanted = context.sink.publishPreferences?.(remote.kind, remote.trackId) ?? null;
  const codecs = orderForPublisher(remote.kind, remote.codecs, context.policy.publish, wanted?.mimeType, wanted?.first);
  if (wanted === null || remote.kind !== 'audio') return codecs;
  return codecs.map((codec) => withOpusPreferences(codec, wanted.opus));
}
