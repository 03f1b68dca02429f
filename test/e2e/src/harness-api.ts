/**
 * What the test page offers to the tests: plain JSON in and out, so that it can be driven through any browser protocol.
 * The page holds one room of unmodified livekit-client.
 */
export type Source = 'camera' | 'microphone' | 'screen_share' | 'screen_share_audio';
export type Rgb = readonly [number, number, number];

export interface ConnectSpec {
  readonly url: string;
  readonly token: string;
  /** `RoomOptions` of livekit-client, as JSON. */
  readonly room?: Readonly<Record<string, unknown>>;
  /** `RoomConnectOptions` of livekit-client, as JSON. */
  readonly connect?: Readonly<Record<string, unknown>>;
  /** Sends media to this UDP port instead of the server's: the lossy relay. */
  readonly mediaPort?: number;
}

export interface VideoSpec {
  readonly color: Rgb;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly codec?: 'vp8' | 'h264' | 'vp9' | 'av1';
  readonly simulcast?: boolean;
  readonly source?: 'camera' | 'screen_share';
  readonly maxBitrate?: number;
}

export interface AudioSpec {
  /** Hz. `device`: whatever the (fake) microphone gives. */
  readonly tone: number | 'device';
  readonly source?: 'microphone' | 'screen_share_audio';
}

/** The picture that is playing. */
export interface Look {
  /** Mean of the lower half. */
  readonly color: Rgb;
  /** Where the moving mark stands, 0 … 1. */
  readonly mark: number;
  /** Frames presented since the element began to play. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
}

/** The sound that is arriving. */
export interface Sound {
  /** Frequency of the strongest part, Hz. */
  readonly peak: number;
  /** Its level in dB; about −20 for a tone, below −80 for silence. */
  readonly level: number;
}

export interface TrackState {
  readonly sid: string;
  readonly source: Source;
  readonly muted: boolean;
  readonly subscribed: boolean;
  readonly enabled: boolean;
  readonly mimeType: string;
  readonly allowed: boolean;
}

export interface ParticipantState {
  readonly identity: string;
  readonly sid: string;
  readonly name: string;
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly quality: string;
  readonly speaking: boolean;
  readonly audioLevel: number;
  readonly canPublish: boolean;
  readonly tracks: readonly TrackState[];
}

export interface RoomState {
  readonly connection: string;
  readonly roomName: string;
  readonly roomSid: string;
  readonly roomMetadata: string;
  readonly serverVersion: string;
  /** RTCPeerConnections that are not closed. */
  readonly peerConnections: number;
  /** Paths of the signal WebSockets opened so far. */
  readonly signalPaths: readonly string[];
  readonly local: ParticipantState;
  readonly remote: readonly ParticipantState[];
  readonly speakers: readonly string[];
}

export interface HarnessEvent {
  readonly n: number;
  readonly type: string;
  readonly identity: string;
  readonly detail: string;
}

/** The numbers of `getStats()` that tests read, one row a stream. */
export interface StatsRow {
  readonly type: string;
  readonly kind: string;
  readonly codec: string;
  readonly values: Readonly<Record<string, number | string>>;
}

export interface HarnessApi {
  /** Resolves when connected; rejects with the SDK's error. */
  connect(spec: ConnectSpec): Promise<RoomState>;
  disconnect(): Promise<void>;
  state(): Promise<RoomState>;
  events(): Promise<readonly HarnessEvent[]>;
  stats(): Promise<readonly StatsRow[]>;

  publishVideo(spec: VideoSpec): Promise<string>;
  publishAudio(spec: AudioSpec): Promise<string>;
  /** Camera (H.264) and microphone with a flash and a beep at the same moment, once a second. */
  publishBeacon(fps: number): Promise<void>;
  unpublish(source: Source): Promise<void>;
  setMuted(source: Source, muted: boolean): Promise<void>;
  /** Gain of the own tone: 0 = silence. */
  setGain(gain: number): Promise<void>;

  look(identity: string, source: Source): Promise<Look | null>;
  listen(identity: string, source: Source): Promise<Sound | null>;

  setSubscribed(identity: string, source: Source, subscribed: boolean): Promise<void>;
  setEnabled(identity: string, source: Source, enabled: boolean): Promise<void>;
  setQuality(identity: string, source: Source, quality: 'low' | 'medium' | 'high'): Promise<void>;
  setDimensions(identity: string, source: Source, width: number, height: number): Promise<void>;
  allowSubscribers(everybody: boolean, identities: readonly string[]): Promise<void>;

  sendData(text: string, options: { reliable: boolean; topic?: string; to?: readonly string[] }): Promise<void>;
  sendText(text: string, topic: string, to?: readonly string[]): Promise<void>;
  sendBytes(size: number, topic: string): Promise<void>;
  rpc(identity: string, method: string, payload: string): Promise<string>;

  setMetadata(metadata: string): Promise<void>;
  setName(name: string): Promise<void>;
  setAttributes(attributes: Readonly<Record<string, string>>): Promise<void>;
  simulate(scenario: string): Promise<void>;
}
