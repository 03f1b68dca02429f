import { expect, it } from 'vitest';
import { LinkRefused } from '../types.ts';
import { type Lab, Recorder, until } from './lab.ts';
import { publish, subscribe } from './media.ts';

const VIDEO = { kind: 'video', source: 'camera', name: 'camera', width: 360, height: 640, muted: false } as const;
const SILENT = { onKeyframeNeeded() {}, onMutedByServer() {} };

export function rosterSuite(lab: () => Lab): void {
  it('[LK1] joins, says who it is, and tells an empty room', async () => {
    const { room } = lab();
    const anna = await lab().join('anna', { name: 'Anna' });
    expect(anna.session.identity).toBe('anna');
    expect(anna.session.room).toBe(room);
    expect(anna.session.sid).toMatch(/^PA_/);
    await until('a roster', () => anna.told.rosters.length > 0);
    expect(anna.told.rosters).toEqual([[]]);
  });

  it('[LK2] a token that is refused is a LinkRefused, and nothing is told', async () => {
    const options = await lab().joinOptions('anna', { secret: 'another-secret-that-is-long-enough-012345' });
    const told = new Recorder();
    await expect(lab().link().join(options, told)).rejects.toThrow(LinkRefused);
    expect(told.calls).toBe(0);
  });

  it('[LK3] tells the full roster after each change: come, publish, mute, unpublish, leave', async () => {
    const anna = await lab().join('anna');
    const bert = await lab().joinPeer('bert', { name: 'Bert', attributes: { kind: 'phone' } });
    await until('bert is there', () => anna.told.identities.includes('bert'));
    const [entry] = anna.told.roster;
    expect(entry).toMatchObject({ identity: 'bert', name: 'Bert', attributes: { kind: 'phone' }, tracks: [] });
    expect(entry?.sid).toBe(bert.session.sid);

    const camera = await bert.session.publish(VIDEO, SILENT);
    await until('the track', () => anna.told.track('bert', 'video') !== undefined);
    expect(anna.told.track('bert', 'video')).toEqual({
      sid: camera.sid,
      kind: 'video',
      source: 'camera',
      muted: false,
      mimeType: 'video/h264',
      encrypted: false,
      width: 360,
      height: 640,
    });
    camera.setMuted(true);
    await until('the mute', () => anna.told.track('bert', 'video')?.muted === true);
    camera.setMuted(false);
    await until('the unmute', () => anna.told.track('bert', 'video')?.muted === false);
    camera.unpublish();
    await until('no track', () => anna.told.roster[0]?.tracks.length === 0);
    await bert.session.leave();
    await until('nobody', () => anna.told.roster.length === 0);
    expect(anna.told.rosters.every((roster) => roster.every(({ identity }) => identity === 'bert'))).toBe(true);
  });

  it('[LK4] newcomers find those who are there, with their tracks', async () => {
    const bert = await lab().joinPeer('bert');
    const camera = await bert.session.publish({ ...VIDEO, muted: true }, SILENT);
    const anna = await lab().join('anna');
    await until('bert and his track', () => anna.told.track('bert', 'video')?.sid === camera.sid);
    expect(anna.told.track('bert', 'video')?.muted).toBe(true);
  });

  it('[LK5] hidden participants see and are not seen', async () => {
    const anna = await lab().join('anna');
    const ghost = await lab().join('ghost', { hidden: true, canPublish: false });
    await until('the ghost sees anna', () => ghost.told.identities.includes('anna'));
    const bert = await lab().joinPeer('bert');
    await until('bert is seen', () => anna.told.identities.includes('bert'));
    expect(anna.told.rosters.flat().some(({ identity }) => identity === 'ghost')).toBe(false);
    expect(bert.told.rosters.flat().some(({ identity }) => identity === 'ghost')).toBe(false);
  });

  it('[LK6] the quality of connections is told by identity', async () => {
    const anna = await lab().join('anna');
    const bert = await lab().joinPeer('bert');
    // Servers tell it of oneself and of those whose tracks one has.
    const { pump } = await publish(bert, 'audio');
    await subscribe(anna, 'bert', 'audio');
    // livekit-server tells it when somebody's has changed or somebody has come: not to who subscribed after that.
    await lab().joinPeer('cara');
    await until('a quality of each', () => anna.told.qualities.has('bert') && anna.told.qualities.has('anna'));
    pump.stop();
  });
}
