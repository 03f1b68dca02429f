/** One published track: LiveKit's description of it, and the uplink that carries it. */
import {
  type AddTrackRequest,
  AudioTrackFeature,
  BackupCodecPolicy,
  SimulcastCodecInfo,
  SubscribedCodec,
  SubscribedQuality,
  SubscribedQualityUpdate,
  TrackInfo,
  TrackSource,
  TrackType,
  type VideoLayer,
  VideoLayer_Mode,
  VideoQuality,
} from '@livekit/protocol';
import type { UplinkSection } from '../connection/types.ts';
import { newSid } from '../signal/sid.ts';
import type { Participant } from './participant.ts';

export class PublishedTrack {
  readonly publisher: Participant;
  readonly info: TrackInfo;
  /** Client's id of the track, from its `addTrack`. */
  readonly cid: string;
  section: UplinkSection;
  /** Somebody was subscribed at least once (the publisher was told). */
  subscribedOnce = false;
  closed = false;

  constructor(publisher: Participant, cid: string, info: TrackInfo, section: UplinkSection) {
    this.publisher = publisher;
    this.cid = cid;
    this.info = info;
    this.section = section;
  }

  get sid(): string {
    return this.info.sid;
  }
}

/** LiveKit groups camera with microphone and the halves of a screen share, for lip-sync. */
function streamOf(source: TrackSource): string {
  switch (source) {
    case TrackSource.CAMERA:
    case TrackSource.MICROPHONE:
      return 'camera';
    case TrackSource.SCREEN_SHARE:
    case TrackSource.SCREEN_SHARE_AUDIO:
      return 'screen_share';
    default:
      return '';
  }
}

const MAX_CID_LENGTH = 256;
const MAX_CODEC_LENGTH = 64;
const MAX_RID_LENGTH = 16;
const MAX_CODECS = 8;
const MAX_FEATURES = 32;

/**
 * What is wrong with an `addTrack` in itself; null = nothing. The source is what the grants are checked against, so a
 * source of the other kind would let a microphone's grant carry a picture.
 */
export function addTrackProblem(request: AddTrackRequest): string | null {
  const kind = kindOf(request.source);
  if (kind !== null && kind !== request.type) return 'the source is of another kind than the track';
  if (request.cid === '' || request.cid.length > MAX_CID_LENGTH)
    return 'a client id of 1 to 256 characters is required';
  if (request.simulcastCodecs.length > MAX_CODECS) return 'too many codecs';
  for (const codec of request.simulcastCodecs) {
    if (codec.cid.length > MAX_CID_LENGTH) return "a codec's client id has at most 256 characters";
    if (codec.codec.length > MAX_CODEC_LENGTH) return "a codec's name has at most 64 characters";
  }
  return null;
}

/** null when the source does not say. */
function kindOf(source: TrackSource): TrackType | null {
  switch (source) {
    case TrackSource.CAMERA:
    case TrackSource.SCREEN_SHARE:
      return TrackType.VIDEO;
    case TrackSource.MICROPHONE:
    case TrackSource.SCREEN_SHARE_AUDIO:
      return TrackType.AUDIO;
    default:
      return null;
  }
}

/** The description answered to `addTrack`. {@link addTrackProblem} has found none. */
export function describeTrack(request: AddTrackRequest): TrackInfo {
  const layers = sortedLayers(request.layers);
  const features = new Set(request.audioFeatures.slice(0, MAX_FEATURES));
  if (request.stereo) features.add(AudioTrackFeature.TF_STEREO);
  if (request.disableDtx) features.add(AudioTrackFeature.TF_NO_DTX);
  const codecs =
    request.simulcastCodecs.length === 0
      ? [
          new SimulcastCodecInfo({
            cid: request.cid,
            layers: sortedLayers(request.layers),
            videoLayerMode: VideoLayer_Mode.ONE_SPATIAL_LAYER_PER_STREAM,
          }),
        ]
      : request.simulcastCodecs.map(
          (codec) =>
            new SimulcastCodecInfo({
              mimeType: withKind(codec.codec, request.type),
              cid: codec.cid,
              layers: sortedLayers(codec.layers.length > 0 ? codec.layers : request.layers),
              videoLayerMode: codec.videoLayerMode || VideoLayer_Mode.ONE_SPATIAL_LAYER_PER_STREAM,
            }),
        );
  return new TrackInfo({
    sid: newSid('TR'),
    type: request.type,
    name: request.name,
    muted: request.muted,
    width: request.width,
    height: request.height,
    simulcast: request.type === TrackType.VIDEO && layers.length > 1,
    disableDtx: request.disableDtx,
    source: request.source,
    layers,
    mimeType: codecs[0]?.mimeType ?? '',
    codecs,
    stereo: request.stereo,
    disableRed: true,
    encryption: request.encryption,
    stream: request.stream || streamOf(request.source),
    audioFeatures: [...features],
    backupCodecPolicy:
      request.type === TrackType.AUDIO && request.backupCodecPolicy !== BackupCodecPolicy.REGRESSION
        ? BackupCodecPolicy.SIMULCAST
        : request.backupCodecPolicy,
    packetTrailerFeatures: [...new Set(request.packetTrailerFeatures)].slice(0, MAX_FEATURES),
  });
}

/** Enters what the section showed: its mid, its codec, its layers' rids. */
export function bindSection(info: TrackInfo, section: UplinkSection): void {
  info.mid = section.mid;
  if (section.mimeType) info.mimeType = section.mimeType;
  const codec = info.codecs[0];
  if (codec) {
    codec.mid = section.mid;
    if (section.mimeType) codec.mimeType = section.mimeType;
    if (section.trackId && section.trackId !== codec.cid) codec.sdpCid = section.trackId;
  }
  const rids = ['q', 'h', 'f'];
  const single = info.layers.length < 2;
  for (const layer of info.layers) {
    if (single) continue;
    layer.spatialLayer = layer.quality;
    layer.rid = rids[layer.quality] ?? '';
  }
}

/**
 * The highest layer (0 low … 2 high) worth sending to a viewer who shows the picture at a size: the smallest layer that
 * covers it, as LiveKit chooses.
 */
export function layerForSize(info: TrackInfo, width: number, height: number): number {
  const layers = info.layers.filter((layer) => layer.width > 0 && layer.height > 0);
  if (layers.length < 2) return VideoQuality.HIGH;
  const wanted = Math.max(width, height);
  for (const layer of layers) {
    if (Math.max(layer.width, layer.height) >= wanted) return layer.quality;
  }
  return VideoQuality.HIGH;
}

function sortedLayers(layers: readonly VideoLayer[]): VideoLayer[] {
  return layers
    .slice(0, 3)
    .map((layer) => {
      const copy = layer.clone();
      copy.rid = layer.rid.slice(0, MAX_RID_LENGTH);
      return copy;
    })
    .sort((a, b) => a.quality - b.quality);
}

function withKind(codec: string, type: TrackType): string {
  if (codec === '' || codec.includes('/')) return codec.toLowerCase();
  return `${type === TrackType.AUDIO ? 'audio' : 'video'}/${codec.toLowerCase()}`;
}

/** Every quality of the track's codec, switched on; null for audio. */
export function layerQualities(info: TrackInfo): SubscribedQualityUpdate | null {
  if (info.type !== TrackType.VIDEO) return null;
  const qualities = [VideoQuality.LOW, VideoQuality.MEDIUM, VideoQuality.HIGH].map(
    (quality) => new SubscribedQuality({ quality, enabled: true }),
  );
  const codec = info.mimeType.split('/')[1]?.toLowerCase() ?? '';
  return new SubscribedQualityUpdate({
    trackSid: info.sid,
    subscribedQualities: qualities,
    subscribedCodecs: codec === '' ? [] : [new SubscribedCodec({ codec, qualities })],
  });
}
