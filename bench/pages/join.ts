/** The measured page: the seeds' way into a room step by step, with the time of each step, over unmodified livekit-client. */
import { LocalVideoTrack, Room, RoomEvent, Track } from 'livekit-client';

interface Envelope<T> {
  readonly code: number;
  readonly message: string;
  readonly data: T;
}

interface SignInfo {
  readonly userID: string;
  readonly sdkAppID: number;
  readonly userSig: string;
  readonly privateMapKey: string;
}

/** Milliseconds of each phase, in their order. */
export interface JoinTimes {
  readonly functions: number;
  readonly roomsig: number;
  readonly signal: number;
  readonly transport: number;
  readonly firstFrame: number;
  readonly total: number;
}

let room: Room | null = null;

async function call<T>(base: string, name: string, event: object, token?: string): Promise<T> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(`${base}/functions/${name}`, { method: 'POST', headers, body: JSON.stringify(event) });
  const envelope = (await response.json()) as Envelope<T>;
  if (envelope.code !== 0) throw new Error(`${name}: ${envelope.message}`);
  return envelope.data;
}

async function roomsig(base: string, roomID: number, sign: SignInfo): Promise<{ url: string; token: string }> {
  const query = `sdkappid=${sign.sdkAppID}&identifier=${sign.userID}&usersig=${sign.userSig}&random=9999&contenttype=json`;
  const body = {
    ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: roomID },
    ReqBody: { PrivMapEncrypt: sign.privateMapKey, TerminalType: 1, FromType: 2, SdkVersion: 26280566 },
  };
  const response = await fetch(`${base}/v4/openim/jsonvideoapp?${query}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const answer = (await response.json()) as {
    RspHead: { ErrorCode: number; ErrorInfo: string };
    RspBody: { url: string; token: string };
  };
  if (answer.RspHead.ErrorCode !== 0) throw new Error(answer.RspHead.ErrorInfo);
  return answer.RspBody;
}

function moving(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 480;
  const context = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => {
    if (context === null) return;
    context.fillStyle = `hsl(${frame % 360} 80% 50%)`;
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = '#fff';
    context.fillRect((frame * 7) % 640, 200, 60, 60);
    frame += 1;
  }, 33);
  return canvas.captureStream(30).getVideoTracks()[0]!;
}

/** Enters and publishes one H.264 camera without simulcast. */
async function publish(base: string, roomID: number): Promise<void> {
  const { token } = await call<{ token: string }>(base, 'webrtc-login', { type: 'guest', name: 'publisher' });
  const { signInfo } = await call<{ signInfo: SignInfo }>(base, 'webrtc-enter-room', { roomID }, token);
  const media = await roomsig(base, roomID, signInfo);
  room = new Room({ adaptiveStream: false, dynacast: false });
  await room.connect(media.url, media.token);
  await room.localParticipant.publishTrack(new LocalVideoTrack(moving(), undefined, true), {
    source: Track.Source.Camera,
    simulcast: false,
    videoCodec: 'h264',
  });
}

/** Enters as one more viewer, waits for the first decoded frame, leaves. */
async function measure(base: string, roomID: number): Promise<JoinTimes> {
  const { token } = await call<{ token: string }>(base, 'webrtc-login', { type: 'guest', name: 'viewer' });
  const begin = performance.now();
  const { signInfo } = await call<{ signInfo: SignInfo }>(base, 'webrtc-enter-room', { roomID }, token);
  const entered = performance.now();
  const media = await roomsig(base, roomID, signInfo);
  const ticketed = performance.now();
  const frame = Promise.withResolvers<number>();
  const joining = new Room({ adaptiveStream: false, dynacast: false });
  let signalAt = 0;
  joining.once(RoomEvent.SignalConnected, () => {
    signalAt = performance.now();
  });
  joining.on(RoomEvent.TrackSubscribed, (track) => {
    const video = track.attach() as HTMLVideoElement;
    video.muted = true;
    document.body.append(video);
    video.requestVideoFrameCallback(() => frame.resolve(performance.now()));
  });
  await joining.connect(media.url, media.token);
  const connectedAt = performance.now();
  const frameAt = await frame.promise;
  await joining.disconnect();
  document.body.replaceChildren();
  return {
    functions: entered - begin,
    roomsig: ticketed - entered,
    signal: signalAt - ticketed,
    transport: connectedAt - signalAt,
    firstFrame: frameAt - connectedAt,
    total: frameAt - begin,
  };
}

Object.assign(window, { bench: { publish, measure } });
