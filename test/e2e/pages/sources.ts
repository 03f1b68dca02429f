import type { AudioSpec, VideoSpec } from '../src/harness-api.ts';

/** One context for everything: browsers allow only a few. */
let context: AudioContext | null = null;

export function audioContext(): AudioContext {
  context ??= new AudioContext({ sampleRate: 48_000 });
  if (context.state === 'suspended') void context.resume();
  return context;
}

/** A picture in one colour, with a white mark that moves through its upper half once in two seconds. */
export function makePicture(spec: VideoSpec): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = spec.width ?? 320;
  canvas.height = spec.height ?? 180;
  const fps = spec.fps ?? 15;
  const drawing = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (drawing === null) throw new Error('no 2d canvas here');
  let frame = 0;
  const draw = () => {
    drawing.fillStyle = `rgb(${spec.color.join(',')})`;
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    drawing.fillStyle = 'white';
    const wide = canvas.width / 10;
    drawing.fillRect(((frame % (2 * fps)) / (2 * fps)) * (canvas.width - wide), 0, wide, canvas.height * 0.4);
    frame += 1;
  };
  draw();
  const [track] = canvas.captureStream(fps).getVideoTracks();
  if (track === undefined) throw new Error('the canvas gave no track');
  const timer = setInterval(() => {
    if (track.readyState === 'ended') clearInterval(timer);
    else draw();
  }, 1000 / fps);
  return track;
}

export interface Tone {
  readonly track: MediaStreamTrack;
  setGain(gain: number): void;
}

/** A sine that can be made silent, or the sound of the (fake) microphone. */
export async function makeTone(spec: AudioSpec): Promise<Tone> {
  if (spec.tone === 'device') {
    const unprocessed = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: unprocessed });
    const track = firstTrack(stream);
    return {
      track,
      setGain(gain) {
        track.enabled = gain > 0;
      },
    };
  }
  const sound = audioContext();
  const oscillator = sound.createOscillator();
  oscillator.frequency.value = spec.tone;
  const gain = sound.createGain();
  gain.gain.value = 0.4;
  const destination = sound.createMediaStreamDestination();
  oscillator.connect(gain).connect(destination);
  oscillator.start();
  return {
    track: firstTrack(destination.stream),
    setGain(value) {
      gain.gain.value = value;
    },
  };
}

/** A flash and a beep once a second, begun at the same moment of the audio clock; black and silence between them. */
export function makeBeacon(fps: number): { readonly video: MediaStreamTrack; readonly audio: MediaStreamTrack } {
  const sound = audioContext();
  const rate = sound.sampleRate;
  const second = sound.createBuffer(1, rate, rate);
  const samples = second.getChannelData(0);
  for (let at = 0; at < rate / 10; at += 1) samples[at] = 0.5 * Math.sin((2 * Math.PI * 1000 * at) / rate);
  const loop = sound.createBufferSource();
  loop.buffer = second;
  loop.loop = true;
  const destination = sound.createMediaStreamDestination();
  loop.connect(destination);
  const began = sound.currentTime + 0.2;
  loop.start(began);

  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const drawing = canvas.getContext('2d', { alpha: false });
  if (drawing === null) throw new Error('no 2d canvas here');
  const [video] = canvas.captureStream(fps).getVideoTracks();
  if (video === undefined) throw new Error('the canvas gave no track');
  setInterval(() => {
    const since = sound.currentTime - began;
    drawing.fillStyle = since >= 0 && since % 1 < 0.2 ? 'white' : 'black';
    drawing.fillRect(0, 0, canvas.width, canvas.height);
  }, 1000 / fps);
  return { video, audio: firstTrack(destination.stream) };
}

function firstTrack(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new Error('no audio track came');
  return track;
}
