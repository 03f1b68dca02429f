import { RoomServiceClient } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import { RawSignal } from '../src/raw-signal.ts';
import { useStage } from '../src/stage.ts';
import { newRoom, tokenFor } from '../src/tokens.ts';

const stage = useStage({ maxMetadataBytes: 1_000, maxAttributesBytes: 1_000, maxParticipants: 2 });
const api = () => new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, stage.target.apiSecret);

describe('limits', () => {
  it('metadata that is too large is refused, and the participant stays', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await expect(anna.call('setMetadata', 'x'.repeat(1_001))).rejects.toThrow();
    await anna.call('setMetadata', 'x'.repeat(900));
    await expect(api().updateParticipant(room, 'anna', { metadata: 'x'.repeat(1_001) })).rejects.toMatchObject({
      status: 400,
    });
    await expect(api().updateRoomMetadata(room, 'x'.repeat(1_001))).rejects.toMatchObject({ status: 400 });
    expect((await anna.state()).connection).toBe('connected');
  });

  it('attributes that are too large are refused', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await expect(anna.call('setAttributes', { a: 'x'.repeat(1_001) })).rejects.toThrow();
    await anna.call('setAttributes', { a: 'small' });
    expect((await anna.state()).connection).toBe('connected');
  });

  it('a full room refuses the next one, and takes him when somebody left', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await stage.join({ room, identity: 'ben' });
    const carl = await stage.open('carl');
    await expect(carl.join(stage.target, { room, identity: 'carl' })).rejects.toThrow();
    await anna.call('disconnect');
    await stage.target.webhooks.waitFor(room, 'participant_left:anna');
    const dora = await stage.join({ room, identity: 'dora' });
    expect((await dora.state()).connection).toBe('connected');
  });

  it('the same identity may come again into a full room', async () => {
    const room = newRoom();
    const first = await stage.join({ room, identity: 'anna' });
    await stage.join({ room, identity: 'ben' });
    const second = await stage.join({ room, identity: 'anna' });
    expect((await first.waitForEvent('disconnected')).detail).toBe('DUPLICATE_IDENTITY');
    expect((await second.state()).connection).toBe('connected');
  });

  it('a room may have a maximum of its own', async () => {
    const room = newRoom();
    await api().createRoom({ name: room, maxParticipants: 1 });
    await stage.join({ room, identity: 'anna' });
    const ben = await stage.open('ben');
    await expect(ben.join(stage.target, { room, identity: 'ben' })).rejects.toThrow();
  });

  it('a huge signal message ends only its own connection', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const token = await tokenFor(stage.target, { room, identity: 'noisy' });
    const query = { access_token: token, protocol: '17', sdk: 'js', version: '2.23.0' };
    const noisy = await RawSignal.open(stage.target.wsUrl, '/rtc', query);
    stage.cleanUp(() => noisy.close());
    await noisy.waitFor('join');
    noisy.sendBytes(new Uint8Array(3_000_000));
    await noisy.waitForClose();
    await anna.call('setMetadata', 'still here');
    expect((await anna.state()).connection).toBe('connected');
  });
});
