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

/** The description answered to `addTrack`. Sizes of strings are the caller's to check. */
export function describeTrack(request: AddTrackRequest): TrackInfo {
  const layers = sortedLayers(request.layers);
  const features = new Set(request.audioFeatures);
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
    packetTrailerFeatures: request.packetTrailerFeatures,
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
    .map((layer) => layer.clone())
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
