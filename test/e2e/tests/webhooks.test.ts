import { createHash } from 'node:crypto';
import { DisconnectReason } from '@livekit/protocol';
import { RoomServiceClient, TokenVerifier, WebhookReceiver } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import { COLORS } from '../src/palette.ts';
import { SignalProxy } from '../src/signal-proxy.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { UdpRelay } from '../src/udp-relay.ts';

const stage = useStage({ departureTimeoutSeconds: 1 });

describe('webhooks', () => {
  it('tell the story of a room, in order', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await anna.call('publishVideo', { color: COLORS.red });
    const ben = await stage.join({ room, identity: 'ben' });
    await ben.expectPicture('anna', COLORS.red);
    await anna.call('unpublish', 'camera');
    await ben.waitForEvent('trackUnpublished');
    const { sid } = (await anna.state()).local;
    await anna.call('disconnect');
    await ben.call('disconnect');
    const { webhooks } = stage.target;
    await webhooks.waitFor(room, 'room_finished');
    const story = webhooks.story(room);
    const wanted = [
      'room_started',
      'participant_joined:anna',
      'track_published:anna',
      'participant_joined:ben',
      'track_unpublished:anna',
      'participant_left:anna',
      'participant_left:ben',
      'room_finished',
    ];
    expect([...story].sort()).toEqual([...wanted].sort());
    // Each queue keeps its own order; the room's start and end hold everything else.
    expect(story[0]).toBe('room_started');
    expect(story.at(-1)).toBe('room_finished');
    const places = ['participant_joined:anna', 'participant_left:anna'].map((entry) => story.indexOf(entry));
    expect(places[0]).toBeLessThan(places[1] ?? 0);
    const joined = await webhooks.waitFor(room, 'participant_joined:anna');
    expect(joined.event.participant?.sid).toBe(sid);
    expect(joined.event.room?.sid).toMatch(/^RM_/);
    expect(joined.event.id).not.toBe('');
    expect(Number(joined.event.createdAt)).toBeGreaterThan(1_700_000_000);
    const published = await webhooks.waitFor(room, 'track_published:anna');
    expect(published.event.track?.sid).toMatch(/^TR_/);
    expect(webhooks.failures).toEqual([]);
  });

  it('are signed over the body', async () => {
    const room = newRoom();
    await stage.join({ room, identity: 'anna' });
    await stage.target.webhooks.waitFor(room, 'participant_joined:anna');
    const raw = stage.target.webhooks.lastRaw;
    expect(raw).not.toBeNull();
    const { apiKey, apiSecret } = stage.target;
    const claims = await new TokenVerifier(apiKey, apiSecret).verify((raw?.authorization ?? '').replace('Bearer ', ''));
    const digest = createHash('sha256')
      .update(raw?.body ?? '')
      .digest('base64');
    expect(claims.sha256).toBe(digest);
    expect(raw?.contentType).toMatch(/json/);
    const receiver = new WebhookReceiver(apiKey, apiSecret);
    await expect(receiver.receive(`${raw?.body ?? ''} `, raw?.authorization)).rejects.toThrow();
  });

  it('a removed participant has left, with the reason', async () => {
    const room = newRoom();
    await stage.join({ room, identity: 'anna' });
    const api = new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, stage.target.apiSecret);
    await api.removeParticipant(room, 'anna');
    const left = await stage.target.webhooks.waitFor(room, 'participant_left:anna');
    expect(left.event.participant?.disconnectReason).toBe(DisconnectReason.PARTICIPANT_REMOVED);
  });
});

describe('seats are freed without a word of the client', () => {
  it('a closed tab', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await stage.join({ room, identity: 'ben' });
    await stage.target.webhooks.waitFor(room, 'participant_joined:anna');
    await anna.close();
    await stage.target.webhooks.waitFor(room, 'participant_left:anna', { timeout: 60_000 });
  });

  // Both at once: servers give either of them some twenty seconds to come back.
  it('a crashed tab, and a network that vanished', async () => {
    const room = newRoom();
    const proxy = await new SignalProxy(stage.target.httpUrl).listen();
    stage.cleanUp(() => proxy.close());
    const relay = await new UdpRelay(stage.target.mediaPort).listen();
    stage.cleanUp(() => relay.close());
    const anna = await stage.join({ room, identity: 'anna' });
    const carl = await stage.join({ room, identity: 'carl', url: proxy.wsUrl, mediaPort: relay.port });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.call('publishVideo', { color: COLORS.red });
    await carl.call('publishVideo', { color: COLORS.green });
    await ben.expectPicture('anna', COLORS.red);
    await ben.expectPicture('carl', COLORS.green);
    relay.set({ blackout: true });
    proxy.freeze();
    await stage.crash(anna);
    const { webhooks } = stage.target;
    await webhooks.waitFor(room, 'participant_left:anna', { timeout: 90_000 });
    await webhooks.waitFor(room, 'participant_left:carl', { timeout: 90_000 });
    await ben.waitForState('ben alone', (state) => state.remote.length === 0);
    expect(webhooks.story(room)).not.toContain('participant_left:ben');
  }, 240_000);
});
