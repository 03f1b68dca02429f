import { DataPacket_Kind } from '@livekit/protocol';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import type { Client } from '../src/client.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();
const api = () => new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, stage.target.apiSecret);

describe('RoomService', () => {
  it('createRoom, listRooms, deleteRoom', async () => {
    const name = newRoom();
    const other = newRoom();
    const made = await api().createRoom({ name, emptyTimeout: 60, maxParticipants: 7, metadata: 'm' });
    expect(made).toMatchObject({ name, emptyTimeout: 60, maxParticipants: 7, metadata: 'm' });
    expect(made.sid).toMatch(/^RM_/);
    expect(Number(made.creationTime)).toBeGreaterThan(1_700_000_000);
    await api().createRoom({ name: other });
    const again = await api().createRoom({ name });
    expect(again.sid).toBe(made.sid);
    const all = (await api().listRooms()).map((room) => room.name);
    expect(all).toEqual(expect.arrayContaining([name, other]));
    expect((await api().listRooms([name])).map((room) => room.name)).toEqual([name]);
    await api().deleteRoom(name);
    expect(await api().listRooms([name])).toEqual([]);
  });

  it('listRooms counts people and publishers', async () => {
    const name = newRoom();
    const anna = await stage.join({ room: name, identity: 'anna' });
    const ben = await stage.join({ room: name, identity: 'ben' });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectTone('anna', TONES.a);
    // The list is brought up to date now and then, not with every join.
    await waitFor(
      'two participants and one publisher',
      async () => {
        const [room] = await api().listRooms([name]);
        return [room?.numParticipants, room?.numPublishers];
      },
      ([people, publishers]) => people === 2 && publishers === 1,
    );
  });

  it('deleteRoom sends everybody away', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    await api().deleteRoom(room);
    expect((await anna.waitForEvent('disconnected')).detail).toBe('ROOM_DELETED');
    expect((await ben.waitForEvent('disconnected')).detail).toBe('ROOM_DELETED');
    expect(await api().listRooms([room])).toEqual([]);
  });

  it('listParticipants and getParticipant show people and tracks', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna', name: 'Anna', metadata: 'm', attributes: { a: '1' } });
    const ben = await stage.join({ room, identity: 'ben' });
    const sid = await anna.call('publishVideo', { color: COLORS.red });
    await ben.expectPicture('anna', COLORS.red);
    const people = await api().listParticipants(room);
    expect(people.map((one) => one.identity).sort()).toEqual(['anna', 'ben']);
    const seen = await api().getParticipant(room, 'anna');
    expect(seen).toMatchObject({ identity: 'anna', name: 'Anna', metadata: 'm', attributes: { a: '1' } });
    expect(seen.sid).toBe((await anna.state()).local.sid);
    expect(seen.isPublisher).toBe(true);
    expect(seen.tracks.map((track) => track.sid)).toEqual([sid]);
    expect(seen.tracks[0]).toMatchObject({ width: 320, height: 180, muted: false });
  });

  it('removeParticipant', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    await api().removeParticipant(room, 'anna');
    expect((await anna.waitForEvent('disconnected')).detail).toBe('PARTICIPANT_REMOVED');
    await ben.waitForState('ben alone', (state) => state.remote.length === 0);
    // livekit-server lists from a store that follows a little later.
    await waitFor(
      'a list with Ben alone',
      async () => (await api().listParticipants(room)).map((one) => one.identity),
      (identities) => identities.join() === 'ben',
    );
  });

  it('mutePublishedTrack: the publisher falls silent and knows it', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    const sid = await anna.call('publishAudio', { tone: TONES.c });
    await ben.expectTone('anna', TONES.c);
    const track = await api().mutePublishedTrack(room, 'anna', sid, true);
    expect(track).toMatchObject({ sid, muted: true });
    await ben.waitForEvent('trackMuted');
    await ben.expectSilence('anna');
    await anna.waitForState('an own muted track', (state) => state.local.tracks[0]?.muted === true);
  });

  it('updateParticipant: metadata, name, attributes, permission', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    const info = await api().updateParticipant(room, 'anna', {
      metadata: 'by the server',
      name: 'Renamed',
      attributes: { role: 'host' },
      permission: { canPublish: false, canSubscribe: true, canPublishData: true },
    });
    expect(info).toMatchObject({ metadata: 'by the server', name: 'Renamed', attributes: { role: 'host' } });
    await ben.waitForState('the new anna', (state) => {
      const seen = state.remote[0];
      return seen?.metadata === 'by the server' && seen.name === 'Renamed' && seen.attributes['role'] === 'host';
    });
    await anna.waitForState('the permission', (state) => !state.local.canPublish);
  });

  it('updateSubscriptions: the server takes a track away and gives it back', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    const sid = await anna.call('publishVideo', { color: COLORS.red });
    await ben.expectPicture('anna', COLORS.red);
    await api().updateSubscriptions(room, 'ben', [sid], false);
    await ben.waitForEvent('trackUnsubscribed');
    await api().updateSubscriptions(room, 'ben', [sid], true);
    await ben.expectPicture('anna', COLORS.red);
  });

  it('updateRoomMetadata reaches everybody', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await api().updateRoomMetadata(room, 'welcome');
    await anna.waitForEvent('roomMetadata', (event) => event.detail === 'welcome');
    const late = await stage.join({ room, identity: 'late' });
    expect((await late.state()).roomMetadata).toBe('welcome');
  });

  it('sendData: to all, and to one', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    await stage.active(room, 'anna');
    await stage.active(room, 'ben');
    const send = (words: string, more: { destinationIdentities?: string[]; topic?: string } = {}) =>
      api().sendData(room, new TextEncoder().encode(words), DataPacket_Kind.RELIABLE, more);
    const heardBy = async (client: Client) => (await client.eventsOf('data')).map(({ detail }) => detail);
    // What a server sends of its own is nowhere kept for a channel that is still opening.
    await waitFor(
      'both to hear the server',
      async () => {
        await send('hello');
        return [await heardBy(anna), await heardBy(ben)];
      },
      (heard) => heard.every((details) => details.length > 0),
      { interval: 200 },
    );
    await send('for ben', { destinationIdentities: ['ben'] });
    await send('for all', { topic: 'news' });
    for (const client of [anna, ben]) await client.waitForEvent('data', ({ detail }) => detail.endsWith('for all'));
    const told = async (client: Client) => (await heardBy(client)).filter((detail) => !detail.endsWith('hello'));
    expect(await told(ben)).toEqual(['reliable||for ben', 'reliable|news|for all']);
    expect(await told(anna)).toEqual(['reliable|news|for all']);
  });

  it('what is not there is "not_found"', async () => {
    const room = newRoom();
    await expect(api().getParticipant(room, 'nobody')).rejects.toMatchObject({ status: 404, code: 'not_found' });
    await expect(api().removeParticipant(room, 'nobody')).rejects.toMatchObject({ status: 404 });
  });

  it('tokens: a wrong secret, a missing grant and another room are refused', async () => {
    const room = newRoom();
    await stage.join({ room, identity: 'anna' });
    const stranger = new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, 'wrong secret '.repeat(4));
    await expect(stranger.listRooms()).rejects.toMatchObject({ status: 401 });
    const call = async (grant: Record<string, unknown>, method: string, body: unknown) => {
      const token = new AccessToken(stage.target.apiKey, stage.target.apiSecret, { identity: 'caller' });
      token.addGrant(grant);
      const answer = await fetch(`${stage.target.httpUrl}/twirp/livekit.RoomService/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await token.toJwt()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await call({ roomJoin: true, room }, 'ListRooms', {})).toBe(401);
    expect(await call({ roomList: true }, 'ListRooms', {})).toBe(200);
    expect(await call({ roomAdmin: true, room: 'another' }, 'ListParticipants', { room })).toBe(401);
    expect(await call({ roomAdmin: true, room }, 'ListParticipants', { room })).toBe(200);
    expect(await call({ roomAdmin: true, room }, 'NoSuchMethod', { room })).toBe(404);
  });
});
