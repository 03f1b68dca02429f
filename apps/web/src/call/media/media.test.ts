import { ConnectionError, DisconnectReason } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { deviceProblem, isScreenShareCancelled, pageProblem } from './device-problem.ts';
import { connectFailure, mediaEnd } from './media-end.ts';

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

describe('[WEB6] the end of a media connection', () => {
  it.each([
    [DisconnectReason.PARTICIPANT_REMOVED, 'kicked'],
    [DisconnectReason.ROOM_DELETED, 'dissolved'],
    [DisconnectReason.ROOM_CLOSED, 'dissolved'],
    [DisconnectReason.DUPLICATE_IDENTITY, 'duplicate-identity'],
    [DisconnectReason.SERVER_SHUTDOWN, 'server-restart'],
    [DisconnectReason.SIGNAL_CLOSE, 'network'],
    [DisconnectReason.STATE_MISMATCH, 'network'],
    [undefined, 'network'],
    [DisconnectReason.CLIENT_INITIATED, null],
  ] as const)('reason %s is %s', (reason, end) => {
    expect(mediaEnd(reason)).toBe(end);
  });

  it.each([
    [ConnectionError.notAllowed('no', 403), 'no-permission'],
    [ConnectionError.notAllowed('no', 401), 'sign-in'],
    [ConnectionError.leaveRequest('bye', DisconnectReason.DUPLICATE_IDENTITY), 'duplicate-identity'],
    [ConnectionError.leaveRequest('bye', DisconnectReason.PARTICIPANT_REMOVED), 'kicked'],
    [ConnectionError.serverUnreachable('?'), 'network'],
    [ConnectionError.timeout('?'), 'network'],
    [ConnectionError.serviceNotFound('?', 'v0-rtc'), 'media'],
    [new Error('anything'), 'network'],
  ] as const)('a connection that fails with %s is %s', (error, reason) => {
    expect(connectFailure(error).reason).toBe(reason);
  });
});

describe('[WEB7] devices that do not work', () => {
  it.each([
    ['NotAllowedError', 'denied'],
    ['PermissionDeniedError', 'denied'],
    ['NotFoundError', 'missing'],
    ['OverconstrainedError', 'missing'],
    ['NotReadableError', 'in-use'],
    ['TrackStartError', 'in-use'],
    ['SecurityError', 'insecure'],
    ['AbortError', 'other'],
  ] as const)('%s is %s', (name, problem) => {
    expect(deviceProblem(named(name))).toBe(problem);
  });

  it('a page over plain http is told as insecure, before a browser without devices', () => {
    expect(pageProblem({ isSecureContext: false, hasMediaDevices: false })).toBe('insecure');
    expect(pageProblem({ isSecureContext: true, hasMediaDevices: false })).toBe('unsupported');
    expect(pageProblem({ isSecureContext: true, hasMediaDevices: true })).toBeNull();
  });

  it('closing the screen chooser is no problem', () => {
    expect(isScreenShareCancelled(named('NotAllowedError'))).toBe(true);
    expect(isScreenShareCancelled(named('NotReadableError'))).toBe(false);
  });
});
