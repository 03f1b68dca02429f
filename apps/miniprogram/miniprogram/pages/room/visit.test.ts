import { describe, expect, it } from 'vitest';
import { en } from '../../i18n/en.ts';
import { FakeBackend, refuse, roomOf, settle, ticketsOf } from '../../services/testing/fakes.ts';
import type { RoomSignal, Stream } from './signals.ts';
import { RoomVisit } from './visit.ts';
import { REJOIN, STEADY_MS } from './way-back.ts';

function make(backend = new FakeBackend()) {
  const log: string[] = [];
  const toasts: string[] = [];
  const tickets: string[] = [];
  let yes = true;
  let sends = true;
  const visit = new RoomVisit(
    {
      backend,
      words: () => en,
      component: () => ({
        start: () => void log.push('start'),
        stop: () => void log.push('stop'),
        switchCamera: () => void log.push('flip'),
        send: async () => sends,
      }),
      patch: () => {},
      setTickets: async (info) => void tickets.push(info.userSig),
      toast: (words) => void toasts.push(words),
      confirm: async () => yes,
      setTitle: () => {},
      keepScreenOn: (on) => void log.push(on ? 'screen on' : 'screen off'),
    },
    { roomId: '77' },
    { userName: 'Li', microphone: true, camera: true, template: 'grid' },
  );
  const hear = (...signals: RoomSignal[]) => {
    for (const signal of signals) visit.hear(signal);
  };
  const sayNo = () => {
    yes = false;
  };
  const sendFails = () => {
    sends = false;
  };
  return { backend, visit, log, toasts, tickets, hear, sayNo, sendFails };
}

async function inRoom(backend?: FakeBackend) {
  const made = make(backend);
  await made.visit.open();
  made.hear({ type: 'joined' });
  return made;
}

const stream = (userId: string, extra: Partial<Stream> = {}): Stream => ({
  userId,
  name: userId.toUpperCase(),
  hasVideo: true,
  hasAudio: true,
  streamType: 'main',
  missing: '',
  quality: '',
  ...extra,
});

const lost: RoomSignal = { type: 'failed', code: -6, cause: { reason: 'network', code: -1307 } };

describe('[MP10] a visit', () => {
  it('takes a seat, hands the tickets over, starts, and is in the room', async () => {
    const { visit, log, tickets, hear } = make();
    await visit.open();
    expect([visit.view.phase, visit.view.title, tickets]).toEqual(['entering', 'Room 77', ['sig']]);
    expect(log).toEqual(['screen on', 'start']);
    hear({ type: 'joined' });
    expect([visit.view.phase, visit.view.alone]).toEqual(['in-room', true]);
  });

  it('says why it could not enter', async () => {
    const { visit, backend } = make();
    backend.replies.set('webrtc-enter-room', () => refuse('full', 10005));
    await visit.open();
    expect(visit.view.problem).toMatchObject({ key: 'full', title: 'The room is full', code: 'Code 10005' });
  });

  it('stops and gives the seat back when the page goes', async () => {
    const { visit, log, backend } = await inRoom();
    await visit.close();
    expect(log.slice(-2)).toEqual(['screen off', 'stop']);
    expect(backend.count('webrtc-quit-room')).toBe(1);
    await visit.close();
    expect(backend.count('webrtc-quit-room')).toBe(1);
  });

  it('looks at the seat when it is shown again, and goes back in when that has lapsed', async () => {
    const { visit, log, backend } = await inRoom();
    backend.replies.set('webrtc-get-room-info', () => refuse('no-such-room', 10003));
    visit.hide();
    await visit.show();
    await backend.clock.advance(1_000);
    expect(log.slice(-4)).toEqual(['screen off', 'screen on', 'stop', 'start']);
    expect(backend.count('webrtc-enter-room')).toBe(2);
  });
});

describe('[MP11] recovery', () => {
  it('goes through the door again with fresh tickets when the push is lost', async () => {
    const { visit, hear, backend, log, toasts } = await inRoom();
    hear(lost);
    expect([visit.view.phase, visit.view.link]).toEqual(['in-room', 'rejoining']);
    await backend.clock.advance(1_000);
    expect(backend.count('webrtc-enter-room')).toBe(2);
    expect(log.slice(-2)).toEqual(['stop', 'start']);
    hear({ type: 'joined' });
    expect([visit.view.link, toasts]).toEqual(['up', [en.room.back]]);
  });

  it('waits longer each time, and in the end says why', async () => {
    const { visit, hear, backend } = await inRoom();
    for (let attempt = 1; attempt < REJOIN.attempts; attempt += 1) {
      hear(lost);
      expect(visit.view.phase).toBe('in-room');
      await backend.clock.advance(REJOIN.maxPauseMs);
    }
    expect(backend.count('webrtc-enter-room')).toBe(REJOIN.attempts);
    hear(lost);
    expect(visit.view.problem).toMatchObject({ key: 'network', step: 'rejoin' });
    expect(backend.clock.waiting).toBe(0);
  });

  it('getting into the room is no recovery while what is sent never gets through', async () => {
    const { visit, hear, backend } = await inRoom();
    for (let attempt = 1; attempt < REJOIN.attempts; attempt += 1) {
      hear(lost);
      await backend.clock.advance(REJOIN.maxPauseMs);
      hear({ type: 'joined' });
      await backend.clock.advance(100_000);
    }
    expect(visit.view.phase).toBe('in-room');
    hear(lost);
    expect(visit.view.problem).toMatchObject({ key: 'network', step: 'rejoin' });
    await visit.rejoin();
    hear({ type: 'joined' }, lost);
    expect([visit.view.phase, visit.view.link]).toEqual(['in-room', 'rejoining']);
  });

  it('who has been back for a while has all tries again, the first after the shortest pause', async () => {
    const { hear, backend } = await inRoom();
    for (let attempt = 1; attempt < REJOIN.attempts * 2; attempt += 1) {
      hear(lost);
      await backend.clock.advance(1_000);
      expect(backend.count('webrtc-enter-room')).toBe(attempt + 1);
      hear({ type: 'joined' });
      await backend.clock.advance(STEADY_MS);
    }
  });

  it('what fails while a seat is being taken takes no second one; what fails after it is tried again', async () => {
    const { visit, hear, backend } = await inRoom();
    let release = (_: unknown) => {};
    backend.replies.set('webrtc-enter-room', () => new Promise((resolve) => (release = resolve)));
    hear(lost);
    await backend.clock.advance(1_000);
    hear(lost, lost);
    await backend.clock.advance(10_000);
    expect(backend.count('webrtc-enter-room')).toBe(2);
    release({ roomInfo: roomOf('77'), signInfo: ticketsOf() });
    await settle();
    hear(lost);
    await backend.clock.advance(2_000);
    expect([backend.count('webrtc-enter-room'), visit.view.link]).toEqual([3, 'rejoining']);
  });

  it('a door that says no ends it at once', async () => {
    const { visit, hear, backend } = await inRoom();
    backend.replies.set('webrtc-enter-room', () => refuse('kicked', 10009));
    hear(lost);
    await backend.clock.advance(1_000);
    expect(visit.view.problem?.key).toBe('kicked');
  });

  it('fresh tickets are fetched when the component asks, and handed over', async () => {
    const { hear, tickets } = await inRoom();
    hear({ type: 'tickets' });
    await settle();
    expect(tickets).toEqual(['sig', 'fresh']);
  });

  it('a ticket request that fails passingly is left to the next one', async () => {
    const { visit, hear, backend } = await inRoom();
    backend.replies.set('webrtc-sig-api', () => refuse('network'));
    hear({ type: 'tickets' });
    await settle();
    expect([visit.view.phase, visit.view.link]).toEqual(['in-room', 'up']);
  });

  it('shows that signalling is being brought back', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'trouble', trouble: 'connection' });
    expect(visit.view.linkText).toBe(en.room.link.reconnecting);
    hear({ type: 'trouble', trouble: '' });
    expect(visit.view.linkText).toBe('');
  });

  it('says which trouble it is, and that all is well only when it is', async () => {
    const { visit, hear, toasts } = await inRoom();
    hear({ type: 'trouble', trouble: 'server-restart' });
    expect(visit.view.linkText).toBe(en.room.link.restarting);
    hear({ type: 'joined' }, { type: 'trouble', trouble: 'sending' });
    expect([visit.view.link, visit.view.linkText, toasts]).toEqual(['sending', en.room.link.sending, []]);
    hear({ type: 'trouble', trouble: '' });
    expect([visit.view.link, toasts]).toEqual(['up', [en.room.back]]);
  });

  it.each([
    ['kicked', 20005, 'kicked', 0],
    ['dissolved', 20006, 'dissolved', 0],
    ['duplicate', 20011, 'duplicate-identity', 0],
    ['encrypted', 20018, 'encrypted', 1],
    ['refused', 20007, 'full', 1],
    ['push-refused', 20013, 'b-frames', 1],
    ['push-refused', 20015, 'too-much', 1],
  ] as const)('“%s” is final: words, a next step, and the seat is given back only when it is ours', async (...row) => {
    const [reason, code, key, quits] = row;
    const { visit, hear, backend } = await inRoom();
    hear({ type: 'failed', code: -10, cause: { reason, code } });
    await settle();
    expect(visit.view.problem?.key).toBe(key);
    expect([backend.count('webrtc-quit-room'), backend.clock.waiting]).toEqual([quits, 0]);
  });

  it('the way back from a problem is a new seat in the same room', async () => {
    const { visit, hear, backend } = await inRoom();
    hear({ type: 'failed', code: -10, cause: { reason: 'duplicate', code: 20011 } });
    await visit.rejoin();
    hear({ type: 'joined' });
    expect(visit.view.phase).toBe('in-room');
    expect(backend.calls.filter(({ name }) => name === 'webrtc-enter-room').at(-1)?.data).toEqual({ roomID: '77' });
  });

  it('a camera that does not start ends it with a sentence, not a number', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'failed', code: -7, cause: { reason: 'camera-permission', code: 10001 } });
    expect(visit.view.problem).toMatchObject({ key: 'permission', step: 'settings' });
  });
});

describe('[MP12] people', () => {
  it('lists oneself first, marks the owner, and tells who comes and goes', async () => {
    const { visit, hear, toasts } = await inRoom();
    hear({ type: 'people', streams: [stream('amy')] });
    expect(toasts).toEqual([]);
    hear({ type: 'people', streams: [stream('amy'), stream('bob'), stream('bob', { streamType: 'aux' })] });
    expect(toasts).toEqual(['BOB joined']);
    expect(visit.view.people.map(({ id, owner, mine }) => [id, owner, mine])).toEqual([
      ['u1', true, false],
      ['amy', false, true],
      ['bob', false, true],
    ]);
    hear({ type: 'people', streams: [stream('bob')] });
    expect(toasts.at(-1)).toBe('AMY left');
  });

  it('passes the owner’s rights on', async () => {
    const { visit, hear, toasts } = await inRoom();
    hear({ type: 'people', streams: [stream('amy')] }, { type: 'owner', userId: 'amy' });
    expect([visit.view.isOwner, visit.view.people[1]?.mine]).toEqual([false, false]);
    expect(toasts).toEqual(['AMY owns the room now']);
  });

  it('kicks after a question, mutes without one, and says what came of it', async () => {
    const { visit, hear, backend, toasts } = await inRoom();
    hear({ type: 'people', streams: [stream('amy')] });
    await visit.kick('amy');
    await visit.mute('amy', 'video');
    expect(backend.calls.slice(-2)).toEqual([
      { name: 'webrtc-kick-member', data: { roomID: '77', memberID: 'amy' } },
      { name: 'webrtc-mute-member', data: { roomID: '77', memberID: 'amy', kind: 'video' } },
    ]);
    backend.replies.set('webrtc-mute-member', () => refuse('not-owner', 10008));
    await visit.mute('amy', 'audio');
    expect(toasts).toEqual([
      'AMY was removed',
      'AMY’s video is off now',
      'That did not work. Only the owner may do that',
    ]);
  });

  it('does nothing when the question is answered with no', async () => {
    const { visit, backend, sayNo } = await inRoom();
    sayNo();
    await visit.kick('amy');
    expect(await visit.dissolve()).toBe(false);
    expect(backend.count('webrtc-kick-member') + backend.count('webrtc-dissolve-room')).toBe(0);
  });

  it('muted by the owner: switched off here, told, and lifted by switching on', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'muted', kind: 'audio', on: true });
    expect([visit.view.microphone, visit.view.notice]).toEqual([false, en.room.mutedAudio]);
    visit.toggleMicrophone();
    expect([visit.view.microphone, visit.view.notice]).toEqual([true, '']);
  });

  it('says why a picture is missing', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'people', streams: [stream('amy', { hasVideo: false, missing: 'video-codec' })] });
    expect(visit.view.people[1]?.missing).toBe(en.people.missing['video-codec']);
  });

  it('a notice is a sentence, and goes when it is tapped', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'notice', code: 0, cause: { reason: 'notice', code: 20019 } });
    expect(visit.view.notice).toContain('Picture only');
    visit.dismissNotice();
    expect(visit.view.notice).toBe('');
  });
});

describe('[MP13] chat', () => {
  const line = (id: string, userId: string) => ({ id, userId, name: userId, text: `text ${id}` });

  it('counts what was not read, tells each line once, and knows its own', async () => {
    const { visit, hear } = await inRoom();
    hear({ type: 'chat', lines: [line('1', 'amy'), line('2', 'u1')] }, { type: 'chat', lines: [line('1', 'amy')] });
    expect(visit.view.lines.map(({ id, self }) => [id, self])).toEqual([
      ['1', false],
      ['2', true],
    ]);
    expect(visit.view.unread).toBe(1);
    visit.setSheet('chat');
    expect(visit.view.unread).toBe(0);
    hear({ type: 'chat', lines: [line('3', 'amy')] });
    expect(visit.view.unread).toBe(0);
  });

  it('shows what was said here, which the room tells to the others only, and not twice after a new entry', async () => {
    const { visit, hear } = await inRoom();
    expect(await visit.send('same')).toBe(true);
    expect(await visit.send('same')).toBe(true);
    expect(visit.view.lines.map(({ text, self, name }) => [text, self, name])).toEqual([
      ['same', true, 'Li'],
      ['same', true, 'Li'],
    ]);
    expect(visit.view.unread).toBe(0);
    const told = (id: string) => ({ id, userId: 'u1', name: 'Li', text: 'same' });
    hear({ type: 'chat', lines: [told('a'), line('b', 'amy'), told('c')] });
    hear({ type: 'chat', lines: [told('a'), told('c')] });
    expect(visit.view.lines.map(({ text }) => text)).toEqual(['same', 'same', 'text b']);
  });

  it('has no line that did not go out', async () => {
    const { visit, toasts, sendFails } = await inRoom();
    sendFails();
    expect(await visit.send('lost')).toBe(false);
    expect(visit.view.lines).toEqual([]);
    expect(toasts).toEqual([en.chat.failed]);
  });
});

describe('[MP14] while the way in lasts', () => {
  it('a page that goes takes its seat with it', async () => {
    const backend = new FakeBackend();
    let release = (_: unknown) => {};
    backend.replies.set('webrtc-enter-room', () => new Promise((resolve) => (release = resolve)));
    const { visit, log } = make(backend);
    const opening = visit.open();
    await settle();
    await visit.close();
    release({ roomInfo: roomOf('77'), signInfo: ticketsOf() });
    await opening;
    expect(log).not.toContain('start');
    expect(backend.count('webrtc-quit-room')).toBe(1);
  });
});

describe('[MP15] in CloudBase', () => {
  async function inCloud() {
    const backend = new FakeBackend();
    backend.needsHeartbeat = true;
    backend.media = { kind: 'trtc', sdkAppId: 1400000001 };
    return inRoom(backend);
  }

  it.each([
    ['kicked', 'kicked'],
    ['no-such-room', 'dissolved'],
  ] as const)('the heartbeat tells the end (%s), and the seat is not given back', async (reason, key) => {
    const { visit, backend } = await inCloud();
    backend.replies.set('webrtc-heartbeat', () => refuse(reason, 10003));
    await backend.clock.advance(10_000);
    expect([visit.view.problem?.key, backend.count('webrtc-quit-room')]).toEqual([key, 0]);
  });

  it('a lease that ran out is taken anew', async () => {
    const { visit, backend } = await inCloud();
    backend.replies.set('webrtc-heartbeat', () => refuse('not-member', 10010));
    await backend.clock.advance(12_000);
    expect([visit.view.phase, backend.count('webrtc-enter-room')]).toEqual(['in-room', 2]);
  });

  it('who is put out of the media room stays out: nobody fights with his own other device', async () => {
    const { visit, hear, backend, log } = await inCloud();
    hear({ type: 'failed', code: -10, cause: { reason: 'out', code: 1019 } });
    await backend.clock.advance(60_000);
    expect([visit.view.problem?.key, visit.view.problem?.step, log.at(-1)]).toEqual([
      'not-member',
      'rejoin',
      'screen off',
    ]);
    expect([backend.count('webrtc-quit-room'), backend.count('webrtc-heartbeat')]).toEqual([0, 0]);
  });

  it('a failure on the way in is told while it is tried again', async () => {
    const { visit, hear } = make();
    await visit.open();
    hear({ type: 'failed', code: -9, cause: { reason: 'server', code: -60008 } });
    expect([visit.view.phase, visit.view.notice]).toEqual(['entering', expect.stringMatching(/server/)]);
    hear({ type: 'joined' });
    expect(visit.view.notice).toBe('');
  });

  it('the owner is looked up when people come and go, and nobody is offered what cannot be done', async () => {
    const { visit, hear, backend } = await inCloud();
    backend.replies.set('webrtc-get-room-info', () => roomOf('77', { ownerID: 'amy' }));
    hear({ type: 'people', streams: [stream('amy')] });
    await settle();
    expect([visit.view.people[1]?.owner, visit.view.canMute]).toEqual([true, false]);
  });

  it('an owner who vanished is asked after until the room has passed on', async () => {
    const { visit, hear, backend, toasts } = await inCloud();
    let ownerID = 'amy';
    backend.replies.set('webrtc-get-room-info', (_, count) =>
      count === 2 ? refuse('network') : roomOf('77', { ownerID }),
    );
    hear({ type: 'people', streams: [stream('amy')] });
    hear({ type: 'people', streams: [] });
    await backend.clock.advance(20_000);
    ownerID = 'u1';
    await backend.clock.advance(10_000);
    expect([visit.view.isOwner, toasts.at(-1)]).toEqual([true, en.room.ownerNow]);
    const asked = backend.count('webrtc-get-room-info');
    await backend.clock.advance(60_000);
    expect(backend.count('webrtc-get-room-info')).toBe(asked);
  });
});
