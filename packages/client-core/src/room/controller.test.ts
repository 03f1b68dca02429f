import { describe, expect, it } from 'vitest';
import { ClientError } from '../failure.ts';
import { FakeMedia, makeClient, ROOM, refusal, roomsigRefusal, settle } from '../testing/fakes.ts';
import { RoomController } from './controller.ts';
import type { RoomState } from './state.ts';

function make() {
  const made = makeClient();
  const media = new FakeMedia();
  const controller = new RoomController({ client: made.client, media });
  const phases: string[] = [];
  controller.subscribe(() => phases.push(controller.getState().phase));
  return { ...made, media, controller, phases };
}

async function inRoom() {
  const made = make();
  await made.controller.enter({ roomId: '4321' }, 'Alice');
  expect(made.controller.getState().phase).toBe('in-room');
  return made;
}

function failed(state: RoomState) {
  if (state.phase !== 'failed') throw new Error(`not failed but ${state.phase}`);
  return state.failure;
}

describe('[CC6] the way in', () => {
  it('goes through every step of the seeds in order', async () => {
    const { controller, server, media, phases } = await inRoom();
    expect(phases).toEqual(['signing-in', 'entering', 'ticket', 'roomsig', 'connecting', 'in-room']);
    expect(server.names().slice(0, 3)).toEqual(['login', 'enter-room', 'roomsig']);
    expect(media.connects).toEqual([{ url: 'ws://media', token: 'jwt', expiresAt: expect.any(Number) }]);
    expect(controller.getState()).toMatchObject({ userId: 'u1', link: 'up', room: { roomID: '4321' } });
  });

  it('makes a new room by name, and asks for it once only: a lost answer must not make two', async () => {
    const { controller, server, clock } = make();
    server.replies.set('webrtc-enter-room', () => 'no-answer');
    await controller.enter({ roomName: 'Weekly sync' }, 'Alice');
    await clock.advance(60_000);
    expect(server.count('webrtc-enter-room')).toBe(1);
    expect(failed(controller.getState()).reason).toBe('network');
  });

  it('asks again for a room by number, with pauses', async () => {
    const { controller, server, clock } = make();
    server.replies.set('webrtc-enter-room', (_body, count) => (count < 3 ? 'no-answer' : refusal(10005, 'full', 409)));
    const entering = controller.enter({ roomId: '4321' }, 'Alice');
    await settle();
    expect(server.count('webrtc-enter-room')).toBe(1);
    await clock.advance(500);
    expect(server.count('webrtc-enter-room')).toBe(2);
    await clock.advance(1_000);
    await entering;
    expect(failed(controller.getState())).toMatchObject({ reason: 'full', code: 10005 });
  });

  it.each(['0', '007', '-1', '4294967295', '12a', ''])(
    'refuses the room number %j without asking the server',
    async (roomId) => {
      const { controller, server } = make();
      await controller.enter({ roomId }, 'Alice');
      expect(failed(controller.getState()).reason).toBe('bad-room-id');
      expect(server.calls).toHaveLength(0);
    },
  );

  it.each([
    [10005, 'full'],
    [10009, 'kicked'],
    [10016, 'no-permission'],
    [10017, 'too-many-rooms'],
  ])('a refusal %i at the door is the failure %s', async (code, reason) => {
    const { controller, server, media } = make();
    server.replies.set('webrtc-enter-room', () => refusal(code));
    await controller.enter({ roomId: '4321' }, 'Alice');
    expect(failed(controller.getState()).reason).toBe(reason);
    expect(media.connects).toHaveLength(0);
  });

  it('renews tickets that are about to expire before it uses them', async () => {
    const { controller, server } = make();
    server.replies.set('webrtc-enter-room', () => ({
      json: { code: 0, message: '', data: { roomInfo: ROOM, signInfo: server.signInfo(30_000) } },
    }));
    await controller.enter({ roomId: '4321' }, 'Alice');
    expect(server.names()).toEqual(['login', 'enter-room', 'sig-api', 'roomsig']);
    expect(server.calls[3]?.request.url).toContain('usersig=fresh');
  });

  it('renews tickets once when roomsig says that they have expired', async () => {
    const { controller, server } = make();
    server.replies.set('roomsig', (_body, count) => (count === 1 ? roomsigRefusal(-70001) : roomsigRefusal(-70347)));
    await controller.enter({ roomId: '4321' }, 'Alice');
    expect(server.count('webrtc-sig-api')).toBe(1);
    expect(failed(controller.getState()).reason).toBe('sign-in');
  });

  it('tries roomsig again when that may help, and gives the seat back when nothing does', async () => {
    const { controller, server, clock } = make();
    server.replies.set('roomsig', () => roomsigRefusal(-100018));
    const entering = controller.enter({ roomId: '4321' }, 'Alice');
    await clock.advance(60_000);
    await entering;
    await settle();
    expect(server.count('roomsig')).toBe(4);
    expect(failed(controller.getState()).reason).toBe('server');
    expect(server.count('webrtc-quit-room')).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  it('keeps the seat by heartbeats until the media room is reached, and not after', async () => {
    const { controller, server, clock, media } = make();
    let connect: () => void = () => {};
    media.onConnect = () =>
      new Promise((resolve) => {
        connect = resolve;
      });
    const entering = controller.enter({ roomId: '4321' }, 'Alice');
    await clock.advance(25_000);
    expect(server.count('webrtc-heartbeat')).toBe(2);
    connect();
    await entering;
    await clock.advance(60_000);
    expect(server.count('webrtc-heartbeat')).toBe(2);
  });

  it('gives back a seat that was granted after the user had gone', async () => {
    const { controller, server } = make();
    let release: () => void = () => {};
    server.gates.set(
      'webrtc-enter-room',
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const entering = controller.enter({ roomId: '4321' }, 'Alice');
    await settle();
    await controller.leave();
    release();
    await entering;
    expect(server.names()).toEqual(['login', 'enter-room', 'quit-room']);
    expect(controller.getState().phase).toBe('idle');
  });
});

describe('[CC7] in the room', () => {
  it('keeps tickets fresh by their expiresAt', async () => {
    const { server, clock } = await inRoom();
    await clock.advance(3_600_000 - 61_000);
    expect(server.count('webrtc-sig-api')).toBe(0);
    await clock.advance(2_000);
    expect(server.count('webrtc-sig-api')).toBe(1);
    await clock.advance(3_600_000);
    expect(server.count('webrtc-sig-api')).toBe(2);
  });

  it.each(['kicked', 'dissolved', 'duplicate-identity'] as const)(
    'ends with %s when the media connection says so',
    async (end) => {
      const { controller, media } = await inRoom();
      media.listener?.onEnded(end);
      await settle();
      expect(failed(controller.getState()).reason).toBe(end);
    },
  );

  it('leaves the seat to the other connection of the same user', async () => {
    const { media, server } = await inRoom();
    media.listener?.onEnded('duplicate-identity');
    await settle();
    expect(server.count('webrtc-quit-room')).toBe(0);
  });

  it('shows a reconnecting SDK and its success', async () => {
    const { controller, media } = await inRoom();
    media.listener?.onReconnecting();
    expect(controller.getState()).toMatchObject({ phase: 'in-room', link: 'reconnecting' });
    media.listener?.onReconnected();
    expect(controller.getState()).toMatchObject({ phase: 'in-room', link: 'up' });
  });

  it('goes through the door again after a lost network or a server restart, without leaving the room page', async () => {
    const { controller, media, server, clock, phases } = await inRoom();
    phases.length = 0;
    server.replies.set('webrtc-enter-room', (_body, count) =>
      count < 5
        ? 'no-answer'
        : { json: { code: 0, message: '', data: { roomInfo: ROOM, signInfo: server.signInfo() } } },
    );
    media.listener?.onEnded('server-restart');
    expect(controller.getState()).toMatchObject({ link: 'rejoining' });
    await clock.advance(30_000);
    expect(controller.getState()).toMatchObject({ phase: 'in-room', link: 'up' });
    expect(media.connects).toHaveLength(2);
    expect(new Set(phases)).toEqual(new Set(['in-room']));
  });

  it('stops trying when the door is shut for good', async () => {
    const { controller, media, server, clock } = await inRoom();
    server.replies.set('webrtc-enter-room', () => refusal(10009, 'removed', 403));
    media.listener?.onEnded('network');
    await clock.advance(60_000);
    expect(failed(controller.getState()).reason).toBe('kicked');
    expect(server.count('webrtc-enter-room')).toBe(2);
  });

  it('gives up in the end, and says network', async () => {
    const { controller, media, server, clock } = await inRoom();
    for (const name of ['webrtc-enter-room', 'webrtc-quit-room']) server.replies.set(name, () => 'no-answer');
    media.listener?.onEnded('network');
    await clock.advance(600_000);
    expect(failed(controller.getState()).reason).toBe('network');
    expect(clock.waiting).toBe(0);
  });

  it("reads the room again when asked, and the owner's functions carry the room", async () => {
    const { controller, server } = await inRoom();
    server.replies.set('webrtc-get-room-info', () => ({
      json: { code: 0, message: '', data: { ...ROOM, ownerID: 'u2' } },
    }));
    await controller.refreshRoom();
    expect(controller.getState()).toMatchObject({ room: { ownerID: 'u2' } });
    await controller.kick('u2');
    await controller.mute('u2', 'audio');
    await controller.forgive('u2');
    expect(server.calls.slice(-3).map(({ body }) => body)).toEqual([
      { roomID: '4321', memberID: 'u2' },
      { roomID: '4321', memberID: 'u2', kind: 'audio' },
      { roomID: '4321', memberID: 'u2', kick: false },
    ]);
    server.replies.set('webrtc-kick-member', () => refusal(10008, 'not owner', 403));
    await expect(controller.kick('u2')).rejects.toMatchObject({ reason: 'not-owner' });
  });
});

describe('[CC8] the way out', () => {
  it('disconnects, quits and is idle', async () => {
    const { controller, server, media, phases, clock } = await inRoom();
    phases.length = 0;
    await controller.leave();
    expect(phases).toEqual(['leaving', 'idle']);
    expect(media.disconnects).toBe(1);
    expect(server.names().at(-1)).toBe('quit-room');
    expect(clock.waiting).toBe(0);
  });

  it('quits by a request that outlives the page when the page is closed', async () => {
    const { controller, server, media } = await inRoom();
    controller.abandon();
    await settle();
    const last = server.calls.at(-1);
    expect(last).toMatchObject({
      path: '/functions/webrtc-quit-room',
      body: { roomID: '4321' },
      request: { keepalive: true },
    });
    expect(last?.request.headers['authorization']).toBe('Bearer token-1');
    expect(media.disconnects).toBe(1);
  });

  it('does not call the end of a room that the user himself dissolved a failure', async () => {
    const { controller, server, media } = await inRoom();
    server.replies.set('webrtc-dissolve-room', () => {
      media.listener?.onEnded('dissolved');
      return { json: { code: 0, message: '', data: ROOM } };
    });
    await controller.dissolve();
    expect(controller.getState().phase).toBe('idle');
    expect(server.count('webrtc-quit-room')).toBe(0);
  });

  it('waits for its own farewell before it enters again', async () => {
    const { controller, media, server } = await inRoom();
    let release: () => void = () => {};
    server.gates.set(
      'webrtc-quit-room',
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    media.listener?.onEnded('kicked');
    const entering = controller.enter({ roomId: '4321' }, 'Alice');
    await settle();
    expect(server.count('webrtc-quit-room')).toBe(1);
    expect(server.count('webrtc-enter-room')).toBe(1);
    release();
    await entering;
    expect(controller.getState().phase).toBe('in-room');
  });

  it('tells a media failure on the way in as it is', async () => {
    const { controller, media } = make();
    media.onConnect = async () => {
      throw new ClientError('no-permission', 'token refused');
    };
    await controller.enter({ roomId: '4321' }, 'Alice');
    expect(failed(controller.getState()).reason).toBe('no-permission');
  });
});
