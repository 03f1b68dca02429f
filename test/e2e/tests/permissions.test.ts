import { TrackSource } from '@livekit/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();
const api = () => new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, stage.target.apiSecret);

describe('permissions', () => {
  it('canPublish false: nothing is published', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna', grant: { canPublish: false } });
    const ben = await stage.join({ room, identity: 'ben' });
    await expect(anna.call('publishVideo', { color: COLORS.red })).rejects.toThrow(/permission/i);
    expect((await ben.sees('anna'))?.tracks).toEqual([]);
  });

  it('canPublishSources: the microphone alone', async () => {
    const room = newRoom();
    const anna = await stage.join({
      room,
      identity: 'anna',
      grant: { canPublish: true, canPublishSources: [TrackSource.MICROPHONE] },
    });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectTone('anna', TONES.a);
    await expect(anna.call('publishVideo', { color: COLORS.red })).rejects.toThrow(/permission/i);
    expect((await ben.sees('anna'))?.tracks.map((track) => track.source)).toEqual(['microphone']);
  });

  it('canSubscribe false: nothing comes, however it is asked for', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await anna.call('publishVideo', { color: COLORS.red });
    const deaf = await stage.join({ room, identity: 'deaf', grant: { canSubscribe: false } });
    const ben = await stage.join({ room, identity: 'ben' });
    await ben.expectPicture('anna', COLORS.red);
    await deaf.waitForState('a camera', (state) => state.remote.some((one) => one.tracks.length === 1));
    await deaf.call('setSubscribed', 'anna', 'camera', true);
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectTone('anna', TONES.a);
    expect(await deaf.call('look', 'anna', 'camera')).toBeNull();
    expect(await deaf.eventsOf('trackSubscribed')).toEqual([]);
  });

  it('canPublishData false: data are dropped', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna', grant: { canPublishData: false } });
    const carl = await stage.join({ room, identity: 'carl' });
    const ben = await stage.join({ room, identity: 'ben' });
    await ben.waitForState('both others', (state) => state.remote.length === 2);
    await stage.active(room, 'ben');
    await anna.call('sendData', 'forbidden', { reliable: true }).catch(() => {});
    await carl.call('sendData', 'allowed', { reliable: true });
    await ben.waitForEvent('data', (event) => event.detail.endsWith('allowed'));
    expect((await ben.eventsOf('data')).map((event) => event.identity)).toEqual(['carl']);
  });

  it('the publisher chooses who may subscribe', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    const carl = await stage.join({ room, identity: 'carl' });
    await anna.call('allowSubscribers', false, ['ben']);
    await anna.call('publishVideo', { color: COLORS.blue });
    await ben.expectPicture('anna', COLORS.blue);
    await carl.waitForState('a track that is not allowed', (state) =>
      state.remote.some((one) => one.tracks.some((track) => !track.allowed)),
    );
    expect(await carl.call('look', 'anna', 'camera')).toBeNull();
    await anna.call('allowSubscribers', true, []);
    await carl.expectPicture('anna', COLORS.blue);
  });

  it('permissions that are taken away in the call take the tracks away', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.call('publishVideo', { color: COLORS.red });
    await ben.expectPicture('anna', COLORS.red);
    await api().updateParticipant(room, 'anna', { permission: { canPublish: false, canSubscribe: true } });
    await ben.waitForState('no track of anna', (state) => state.remote[0]?.tracks.length === 0);
    await anna.waitForState('the news', (state) => !state.local.canPublish);
    await api().updateParticipant(room, 'anna', { permission: { canPublish: true, canSubscribe: true } });
    await anna.waitForState('the news', (state) => state.local.canPublish);
    await anna.call('publishVideo', { color: COLORS.green });
    await ben.expectPicture('anna', COLORS.green);
  });

  it('hidden participants see and are not seen', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await anna.call('publishVideo', { color: COLORS.red });
    const ghost = await stage.join({ room, identity: 'ghost', grant: { hidden: true, canPublish: false } });
    await ghost.expectPicture('anna', COLORS.red);
    const ben = await stage.join({ room, identity: 'ben' });
    await ben.expectPicture('anna', COLORS.red);
    expect((await ben.state()).remote.map((one) => one.identity)).toEqual(['anna']);
    const seen = await anna.waitForState('somebody', (state) => state.remote.length > 0);
    expect(seen.remote.map((one) => one.identity)).toEqual(['ben']);
    // The room's own count has him: he takes a seat. It is brought up to date now and then.
    await waitFor(
      'a count of three',
      async () => (await api().listRooms([room]))[0]?.numParticipants,
      (count) => count === 3,
    );
  });
});
