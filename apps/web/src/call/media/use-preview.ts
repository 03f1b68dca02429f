import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  VideoPresets,
} from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { currentPageProblem, type DeviceProblem, deviceProblem } from './device-problem.ts';

export interface Preview<T> {
  readonly track: T | null;
  readonly problem: DeviceProblem | null;
  /** The browser is asking the user, or the device is starting. */
  readonly pending: boolean;
  /** Asks for the device again, after the user has done something about the problem. */
  retry(): void;
  /** Hands the track over: it is no longer stopped when the preview goes. */
  release(): T | null;
}

interface Stoppable {
  stop(): void;
  getDeviceId(): Promise<string | undefined>;
}

/** One device, shown before the call: opened while `on`, and opened anew when another device is chosen. */
function usePreview<T extends Stoppable>(
  on: boolean,
  deviceId: string,
  open: (deviceId: string) => Promise<T>,
): Preview<T> {
  const [track, setTrack] = useState<T | null>(null);
  const [problem, setProblem] = useState<DeviceProblem | null>(currentPageProblem);
  const [pending, setPending] = useState(false);
  const [tries, setTries] = useState(0);
  const released = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `tries` starts the effect anew, and says nothing else.
  useEffect(() => {
    if (!on || currentPageProblem() !== null) return;
    let gone = false;
    let opened: T | null = null;
    setPending(true);
    open(deviceId).then(
      (fresh) => {
        if (gone) {
          fresh.stop();
          return;
        }
        opened = fresh;
        setTrack(fresh);
        setProblem(null);
        setPending(false);
      },
      (error: unknown) => {
        if (gone) return;
        setProblem(deviceProblem(error));
        setPending(false);
      },
    );
    return () => {
      gone = true;
      setPending(false);
      setTrack(null);
      if (!released.current) opened?.stop();
    };
  }, [on, deviceId, open, tries]);

  const retry = useCallback(() => setTries((count) => count + 1), []);
  const release = useCallback(() => {
    released.current = true;
    return track;
  }, [track]);
  return { track, problem, pending, retry, release };
}

/** A stored device may be unplugged today: then any other will do. */
async function withFallback<T>(deviceId: string, open: (constraint: { deviceId?: string }) => Promise<T>): Promise<T> {
  if (deviceId === '') return open({});
  try {
    return await open({ deviceId });
  } catch (error) {
    if (deviceProblem(error) !== 'missing') throw error;
    return open({});
  }
}

const openCamera = (deviceId: string) =>
  withFallback<LocalVideoTrack>(deviceId, (constraint) =>
    createLocalVideoTrack({ ...constraint, resolution: VideoPresets.h720.resolution }),
  );

const openMicrophone = (deviceId: string) => withFallback<LocalAudioTrack>(deviceId, createLocalAudioTrack);

export function useCameraPreview(on: boolean, deviceId: string): Preview<LocalVideoTrack> {
  return usePreview(on, deviceId, openCamera);
}

export function useMicrophonePreview(on: boolean, deviceId: string): Preview<LocalAudioTrack> {
  return usePreview(on, deviceId, openMicrophone);
}
