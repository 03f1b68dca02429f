import { useTrackToggle } from '@livekit/components-react';
import type { Track } from 'livekit-client';
import { createContext, useContext, useState, useSyncExternalStore } from 'react';
import type { Republishing } from '../media/phone-codec.ts';

const idle: Republishing = { isBusy: () => false, subscribe: () => () => {}, settled: async () => {} };

/** What the call publishes again by itself. */
export const RepublishingContext = createContext<Republishing>(idle);

/**
 * The SDK's switch of a device, which does not blink while that is published again: in between the SDK knows of
 * none, so a click there would open a second one. It waits for its turn instead.
 */
export function useSteadyToggle<T extends Track.Source.Camera | Track.Source.Microphone | Track.Source.ScreenShare>(
  options: Parameters<typeof useTrackToggle<T>>[0],
) {
  const republishing = useContext(RepublishingContext);
  const busy = useSyncExternalStore(republishing.subscribe, republishing.isBusy);
  const { toggle, pending, enabled: current } = useTrackToggle(options);
  const [enabled, setEnabled] = useState(current);
  if (!busy && enabled !== current) setEnabled(current);
  return {
    enabled,
    disabled: pending,
    // What fails is told to `onDeviceError`.
    onClick: async () => {
      await republishing.settled();
      await toggle(!enabled);
    },
  };
}
