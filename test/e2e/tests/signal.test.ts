import {
  DisconnectReason,
  JoinRequest,
  Ping,
  RequestResponse_Reason,
  UpdateParticipantMetadata,
  WrappedJoinRequest,
} from '@livekit/protocol';
import { RoomServiceClient, TokenVerifier } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import { RawSignal } from '../src/raw-signal.ts';
import { NodeParticipant } from '../src/rtc-node.ts';
import { SignalProxy } from '../src/signal-proxy.ts';
import { useStage } from '../src/stage.ts';
import { newRoom, tokenFor } from '../src/tokens.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();

const api = () => new RoomServiceClient(stage.target.httpUrl, stage.target.apiKey, stage.target.apiSecret);

async function rawJoin(room: string, identity: string, grant = {}): Promise<RawSignal> {
  const token = await tokenFor(stage.target, { room, identity, grant });
  const signal = await RawSignal.open(stage.target.wsUrl, '/rtc', {
    access_token: token,
    auto_subscribe: '1',
    protocol: '17',
    sdk: 'js',
    version: '2.23.0',
  });
  stage.cleanUp(() => signal.close());
  return signal;
}

describe('opening the signal connection', () => {
  it('livekit-client joins over /rtc/v1 with one peer connection', async () => {
    const anna = await stage.join({ room: newRoom(), identity: 'anna' });
    await anna.call('publishAudio', { tone: 500 });
    const state = await anna.state();
    expect(state.signalPaths).toEqual(['/rtc/v1']);
    expect(state.peerConnections).toBe(1);
    expect(state.serverVersion).not.toBe('');
  });

  it('livekit-client joins over /rtc with two peer connections', async () => {
    const room = newRoom();
    const options = { singlePeerConnection: false };
    const anna = await stage.join({ room, identity: 'anna', options });
    await anna.call('publishAudio', { tone: 500 });
    const state = await anna.state();
    expect(state.signalPaths).toEqual(['/rtc']);
    expect(state.peerConnections).toBe(2);
  });

  it.each([
    ['/rtc/v1', true],
    ['/rtc', false],
  ])('rtc-node joins over %s', async (path, singlePeerConnection) => {
    const proxy = await new SignalProxy(stage.target.httpUrl).listen();
    stage.cleanUp(() => proxy.close());
    const node = new NodeParticipant('node');
    await node.join(stage.target, { room: newRoom(), identity: 'node', url: proxy.wsUrl, singlePeerConnection });
    await node.close();
    expect(proxy.requests).toEqual([`GET ${path}`]);
  });

  it('livekit-client falls back to /rtc when /rtc/v1 is not found', async () => {
    // The SDK's own scenario only: it pretends that the path is missing.
    const anna = await stage.open('anna');
    const token = await tokenFor(stage.target, { room: newRoom(), identity: 'anna' });
    const before = await fetch(new URL('/rtc/v9', stage.target.httpUrl));
    expect(before.status).toBe(404);
    const state = await anna.call('connect', { url: stage.target.wsUrl, token });
    expect(state.connection).toBe('connected');
  });

  it.each(['/rtc/validate', '/rtc/v1/validate'])('GET %s accepts a good token', async (path) => {
    const room = newRoom();
    const token = await tokenFor(stage.target, { room, identity: 'anna' });
    const url = new URL(path, stage.target.httpUrl);
    if (path === '/rtc/v1/validate') url.searchParams.set('join_request', emptyJoinRequest());
    const byHeader = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    url.searchParams.set('access_token', token);
    const answer = await fetch(url);
    expect(answer.status, await answer.text()).toBe(200);
    expect(byHeader.status).toBe(200);
  });

  it.each(['/rtc/validate', '/rtc/v1/validate'])('GET %s refuses bad tokens with 401', async (path) => {
    const url = new URL(path, stage.target.httpUrl);
    expect((await fetch(url)).status).toBe(401);
    const stranger = { apiKey: stage.target.apiKey, apiSecret: 'another secret of more than 32 characters' };
    const forged = await tokenFor(stranger, { room: newRoom(), identity: 'anna' });
    url.searchParams.set('access_token', forged);
    expect((await fetch(url)).status).toBe(401);
    const past = await tokenFor(stage.target, { room: newRoom(), identity: 'anna', ttl: -120 });
    url.searchParams.set('access_token', past);
    expect((await fetch(url)).status).toBe(401);
  });

  it('a token that does not allow joining is refused', async () => {
    const anna = await stage.open('anna');
    await expect(
      anna.join(stage.target, { room: newRoom(), identity: 'anna', grant: { roomJoin: false } }),
    ).rejects.toThrow();
  });

  it('CORS: any origin may validate, with an Authorization header too', async () => {
    const url = new URL('/rtc/validate', stage.target.httpUrl);
    const plain = await fetch(url, { headers: { origin: 'https://example.org' } });
    expect(plain.headers.get('access-control-allow-origin')).not.toBeNull();
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-origin')).not.toBeNull();
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(/authorization|\*/);
  });

  it('HEAD / answers 2xx: the online check of browsers', async () => {
    const answer = await fetch(`${stage.target.httpUrl}/`, { method: 'HEAD' });
    expect(answer.ok).toBe(true);
  });

  it('join is the first message, and says what clients rely on', async () => {
    const room = newRoom();
    const signal = await rawJoin(room, 'anna');
    const join = await signal.waitFor('join');
    expect(signal.messages[0]?.case).toBe('join');
    expect(join.room?.name).toBe(room);
    expect(join.room?.sid).toMatch(/^RM_/);
    expect(join.participant?.identity).toBe('anna');
    expect(join.participant?.sid).toMatch(/^PA_/);
    expect(join.serverInfo?.version).not.toBe('');
    expect(join.pingInterval).toBeGreaterThan(0);
    expect(join.pingTimeout).toBeGreaterThan(join.pingInterval);
  });
});

describe('while connected', () => {
  it('ping and pingReq are answered', async () => {
    const signal = await rawJoin(newRoom(), 'anna');
    await signal.waitFor('join');
    signal.send({ case: 'ping', value: 12_345n });
    signal.send({ case: 'pingReq', value: new Ping({ timestamp: 777n, rtt: 5n }) });
    await signal.waitFor('pong');
    const pong = await signal.waitFor('pongResp');
    expect(pong.lastPingTimestamp).toBe(777n);
  });

  it('a token is refreshed when claims change, and works', async () => {
    const room = newRoom();
    const signal = await rawJoin(room, 'anna');
    await signal.waitFor('join');
    await api().updateParticipant(room, 'anna', { permission: { canPublish: false, canSubscribe: true } });
    const verifier = new TokenVerifier(stage.target.apiKey, stage.target.apiSecret);
    const refreshed = await signal.waitFor('refreshToken');
    const claims = await verifier.verify(refreshed);
    expect(claims.sub).toBe('anna');
    expect(claims.video?.room).toBe(room);
    const narrowed = await waitFor(
      'a token with the narrowed grants',
      async () => {
        const last = signal.messages.filter((message) => message.case === 'refreshToken').at(-1)?.value ?? '';
        return { last, grants: (await verifier.verify(last)).video };
      },
      (seen) => seen.grants?.canPublish === false,
    );
    const url = new URL('/rtc/validate', stage.target.httpUrl);
    url.searchParams.set('access_token', narrowed.last);
    expect((await fetch(url)).status).toBe(200);
  });

  it('a request that is not allowed is answered with the reason', async () => {
    const room = newRoom();
    const signal = await rawJoin(room, 'anna', { canUpdateOwnMetadata: false });
    await signal.waitFor('join');
    signal.send({
      case: 'updateMetadata',
      value: new UpdateParticipantMetadata({ requestId: 77, metadata: 'no' }),
    });
    const answer = await signal.waitFor('requestResponse');
    expect(answer.requestId).toBe(77);
    expect(answer.reason).toBe(RequestResponse_Reason.NOT_ALLOWED);
  });

  it('livekit-client learns that its request was refused', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna', grant: { canUpdateOwnMetadata: false } });
    await expect(anna.call('setMetadata', 'no')).rejects.toThrow(/permission|allowed/i);
  });

  it('nonsense on the wire ends nothing but that connection', async () => {
    const room = newRoom();
    const ben = await stage.join({ room, identity: 'ben' });
    const signal = await rawJoin(room, 'anna');
    await signal.waitFor('join');
    signal.sendBytes(new Uint8Array([255, 255, 255, 1, 2, 3]));
    const again = await rawJoin(newRoom(), 'carl');
    await again.waitFor('join');
    expect((await ben.state()).connection).toBe('connected');
  });
});

describe('leaving', () => {
  it('duplicate identity: the newer wins, the older is told', async () => {
    const room = newRoom();
    const first = await stage.join({ room, identity: 'anna' });
    const watcher = await stage.join({ room, identity: 'ben' });
    const second = await stage.join({ room, identity: 'anna' });
    const told = await first.waitForEvent('disconnected');
    expect(told.detail).toBe('DUPLICATE_IDENTITY');
    const { sid } = (await second.state()).local;
    await watcher.waitForState(
      'one anna, the newer one',
      (state) => state.remote.length === 1 && state.remote[0]?.sid === sid,
    );
    expect((await second.state()).connection).toBe('connected');
    // livekit-server lists from a store that follows a little later.
    await waitFor(
      'a list of two, the newer Anna among them',
      async () => (await api().listParticipants(room)).map((one) => one.sid),
      (sids) => sids.length === 2 && sids.includes(sid),
    );
  });

  it('leave reason PARTICIPANT_REMOVED', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await api().removeParticipant(room, 'anna');
    expect((await anna.waitForEvent('disconnected')).detail).toBe('PARTICIPANT_REMOVED');
    // The action of the leave message was "disconnect": the SDK does not try again by itself.
    expect(await anna.eventsOf('reconnecting')).toEqual([]);
    expect((await anna.state()).connection).toBe('disconnected');
  });

  it('leave reason ROOM_DELETED', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await api().deleteRoom(room);
    expect((await anna.waitForEvent('disconnected')).detail).toBe('ROOM_DELETED');
  });

  it('somebody who leaves is gone for the others at once, and the webhook says so', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.waitForEvent('participantConnected', (event) => event.identity === 'ben');
    await ben.call('disconnect');
    await anna.waitForEvent('participantDisconnected', (event) => event.identity === 'ben');
    const left = await stage.target.webhooks.waitFor(room, 'participant_left:ben');
    expect(left.event.participant?.disconnectReason).toBe(DisconnectReason.CLIENT_INITIATED);
  });
});

/** `join_request` of a client that asks for nothing special. */
function emptyJoinRequest(): string {
  const wrapped = new WrappedJoinRequest({ joinRequest: new JoinRequest({ clientInfo: { protocol: 17 } }).toBinary() });
  return Buffer.from(wrapped.toBinary()).toString('base64url');
}
