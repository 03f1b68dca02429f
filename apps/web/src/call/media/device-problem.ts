import { MediaDeviceFailure } from 'livekit-client';

/** Why a camera, a microphone or a screen cannot be used. */
export type DeviceProblem = 'insecure' | 'denied' | 'missing' | 'in-use' | 'unsupported' | 'other';

export const DEVICE_PROBLEMS: readonly DeviceProblem[] = [
  'insecure',
  'denied',
  'missing',
  'in-use',
  'unsupported',
  'other',
];

/** What the page can say before it asks for any device. */
export function pageProblem(environment: {
  readonly isSecureContext: boolean;
  readonly hasMediaDevices: boolean;
}): DeviceProblem | null {
  // Browsers hide mediaDevices from pages that came over plain http from anywhere but this machine.
  if (!environment.isSecureContext) return 'insecure';
  return environment.hasMediaDevices ? null : 'unsupported';
}

/** The same for this page. */
export function currentPageProblem(): DeviceProblem | null {
  return pageProblem({
    isSecureContext: window.isSecureContext,
    hasMediaDevices: typeof navigator.mediaDevices?.getUserMedia === 'function',
  });
}

/** What a failed capture means. */
export function deviceProblem(error: unknown): DeviceProblem {
  const name = error instanceof Error ? error.name : '';
  if (name === 'SecurityError') return 'insecure';
  // The chosen device is gone: unplugged since it was chosen.
  if (name === 'OverconstrainedError') return 'missing';
  switch (MediaDeviceFailure.getFailure(error)) {
    case MediaDeviceFailure.PermissionDenied:
      return 'denied';
    case MediaDeviceFailure.NotFound:
      return 'missing';
    case MediaDeviceFailure.DeviceInUse:
      return 'in-use';
    default:
      return 'other';
  }
}

/** A user who closes the screen chooser has changed his mind: no problem at all. */
export function isScreenShareCancelled(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'AbortError');
}
