import {
  Encryption_Type,
  ParticipantInfo,
  ParticipantInfo_State,
  TrackInfo,
  TrackSource,
  TrackType,
} from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LINK_LIMITS } from './limits.ts';
import { Roster } from './roster.ts';

const SELF = person('PA_self', 'self');

function person(sid: string, identity: string, more: Partial<ParticipantInfo> = {}): ParticipantInfo {
  return new ParticipantInfo({ sid, identity, state: ParticipantInfo_State.ACTIVE, ...more });
}

function roster(others: readonly ParticipantInfo[] = [], limits = {}): Roster {
  const made = new Roster({ ...DEFAULT_LINK_LIMITS, ...limits });
  made.restart(SELF, others);
  return made;
}

const names = (made: Roster) => made.list().map(({ identity }) => identity);

describe('the roster', () => {
  it('[LK45] merges by version: what is older is left out', () => {
    const made = roster([person('PA_a', 'anna', { version: 3, name: 'Anna' })]);
    expect(made.apply([person('PA_a', 'anna', { version: 2, name: 'old' })])).toBe(false);
    expect(made.apply([person('PA_a', 'anna', { version: 4, name: 'Anne' })])).toBe(true);
    expect(made.apply([person('PA_a', 'anna', { version: 5, name: 'Anne' })])).toBe(false);
    expect(made.list()[0]?.name).toBe('Anne');
  });

  it('[LK45] leaves out oneself, the hidden and the joining', () => {
    const made = roster([
      SELF,
      person('PA_old', 'self'),
      person('PA_h', 'ghost', { permission: { hidden: true } as ParticipantInfo['permission'] & object }),
      person('PA_j', 'joining', { state: ParticipantInfo_State.JOINING }),
      person('PA_a', 'anna', { state: ParticipantInfo_State.JOINED }),
    ]);
    expect(names(made)).toEqual(['anna']);
  });

  it('[LK45] a late goodbye of an older session does not remove the newer one', () => {
    const made = roster([person('PA_1', 'anna')]);
    expect(made.apply([person('PA_2', 'anna')])).toBe(true);
    expect(made.apply([person('PA_1', 'anna', { state: ParticipantInfo_State.DISCONNECTED })])).toBe(false);
    expect(made.list().map(({ sid }) => sid)).toEqual(['PA_2']);
    expect(made.apply([person('PA_2', 'anna', { state: ParticipantInfo_State.DISCONNECTED })])).toBe(true);
    expect(made.list()).toEqual([]);
  });

  it('[LK45] a new join starts anew, and says whether anything changed', () => {
    const made = roster([person('PA_a', 'anna')]);
    expect(made.restart(SELF, [person('PA_a', 'anna')])).toBe(false);
    expect(made.restart(person('PA_self2', 'self'), [])).toBe(true);
    expect(made.identityOf('PA_self2')).toBe('self');
    expect(made.identityOf('PA_a')).toBeNull();
  });

  it('[LK46] describes tracks: source, first codec, encryption, size; data tracks are left out', () => {
    const track = new TrackInfo({
      sid: 'TR_1',
      type: TrackType.VIDEO,
      source: TrackSource.SCREEN_SHARE,
      muted: true,
      mimeType: 'video/VP8',
      codecs: [{ mimeType: 'video/H264' }, { mimeType: 'video/VP8' }],
      encryption: Encryption_Type.GCM,
      width: 1280,
      height: 720,
    });
    const data = new TrackInfo({ sid: 'TR_2', type: TrackType.DATA });
    const made = roster([person('PA_a', 'anna', { tracks: [track, data] })]);
    expect(made.list()[0]?.tracks).toEqual([
      {
        sid: 'TR_1',
        kind: 'video',
        source: 'screen_share',
        muted: true,
        mimeType: 'video/h264',
        encrypted: true,
        width: 1280,
        height: 720,
      },
    ]);
  });

  it('[LK47] is bounded in participants, tracks and attributes', () => {
    const tracks = Array.from({ length: 9 }, (_, i) => new TrackInfo({ sid: `TR_${i}`, type: TrackType.AUDIO }));
    const attributes = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'v']));
    const made = roster([person('PA_a', 'a', { tracks, attributes }), person('PA_b', 'b'), person('PA_c', 'c')], {
      maxParticipants: 2,
      maxTracksPerParticipant: 3,
      maxAttributes: 2,
    });
    expect(names(made)).toEqual(['a', 'b']);
    expect(made.list()[0]?.tracks).toHaveLength(3);
    expect(Object.keys(made.list()[0]?.attributes ?? {})).toHaveLength(2);
  });
});
