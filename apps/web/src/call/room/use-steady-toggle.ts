import { useTrackToggle } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { createContext, useContext, useState, useSyncExternalStore } from 'react';
import type { Republishing } from '../media/phone-codec.ts';

const idle: Republishing = { isBusy: () => false, subscribe: () => () => {}, settled: async () => {} };

/** What the call publishes again by itself. */
export const RepublishingContext = createContext<Republishing>(idle);

/**
 * The SDK's switch of a device. A camera or screen that is published again does not blink: in between the SDK knows of
 * none, so a click there would open a second one. It waits for its turn instead. Sound is never published again.
 */
export function useSteadyToggle<T extends Track.Source.Camera | Track.Source.Microphone | Track.Source.ScreenShare>(
  options: Parameters<typeof useTrackToggle<T>>[0],
) {
  const republishing = useContext(RepublishingContext);
  const away = useSyncExternalStore(republishing.subscribe, republishing.isBusy);
  const waits = options.source !== Track.Source.Microphone;
  const { toggle, pending, enabled: current } = useTrackToggle(options);
  const [enabled, setEnabled] = useState(current);
  if (enabled !== current && (current || !(away && waits))) setEnabled(current);
  return {
    enabled,
    disabled: pending,
    // What fails is told to `onDeviceError`.
    onClick: async () => {
      if (waits) await republishing.settled();
      await toggle(!enabled);
    },
  };
}
