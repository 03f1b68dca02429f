import { describe, expect, it } from 'vitest';
import type { ImFailure } from '../im.ts';
import { Bench, settle, welcome } from '../testing/fakes.ts';

const chat = (id: string, text: string, userid = 'bob') => ({ id, userid, name: 'Bob', text, time: 1_700_000_000_500 });

async function entered(): Promise<Bench> {
  const bench = new Bench({ enableIM: true });
  bench.controller.start();
  await settle();
  bench.socket.say({ ...welcome([]), chat: [chat('1', 'hello')] });
  return bench;
}

describe('instant messages', () => {
  it('[WR80] tell login, the joined group and what was said before, in the shapes of the original', async () => {
    const bench = await entered();
    expect(bench.im).toMatchObject([
      { tag: 'login_event', code: 0 },
      { tag: 'join_group_event', code: 0, detail: { GroupId: '1234' } },
      { tag: 'big_group_msg_notify', code: 0 },
    ]);
    expect(bench.im[2]?.detail).toEqual([
      {
        elems: [{ type: 'TIMTextElem', content: { text: 'hello' } }],
        fromAccount: 'bob',
        fromAccountNick: 'Bob',
        isSend: false,
        id: '1',
        time: 1_700_000_000,
        sess: { type: 'GROUP', id: '1234' },
      },
    ]);
  });

  it('[WR81] are silent unless enableIM', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.socket.say({ type: 'chat', message: chat('2', 'hi') });
    bench.socket.say({ type: 'ended', reason: 'kicked', code: 20005, message: 'out' });
    expect(bench.im).toEqual([]);
  });

  it('[WR82] carry the right tag and payload for owner, kick, dissolution and a second sign-in', async () => {
    const last = (bench: Bench) => bench.im[bench.im.length - 1];
    const owner = await entered();
    owner.socket.say({ type: 'owner', ownerid: 'bob' });
    expect(last(owner)).toEqual({
      tag: 'group_info_change_notify',
      code: 0,
      detail: { GroupId: '1234', OwnerAccount: 'bob' },
    });
    for (const [reason, tag, code] of [
      ['kicked', 'group_system_notifys', 4],
      ['dissolved', 'group_system_notifys', 5],
      ['duplicate', 'kicked', 0],
    ] as const) {
      const bench = await entered();
      bench.socket.say({ type: 'ended', reason, code: 20005, message: 'why' });
      expect(last(bench)).toMatchObject({ tag, code, detail: { GroupId: '1234', UserDefinedField: 'why' } });
    }
  });

  it('[WR80] tell the connection, and after coming back only what is new', async () => {
    const bench = await entered();
    bench.im.length = 0;
    bench.socket.drop(1006);
    await bench.clock.advance(500);
    bench.socket.say({ ...welcome([], 2), chat: [chat('1', 'hello'), chat('2', 'again'), chat('3', 'mine', 'amy')] });
    expect(bench.im.map((event) => [event.tag, event.code])).toEqual([
      ['connection_event', 2],
      ['connection_event', 0],
      ['big_group_msg_notify', 0],
    ]);
    const told = bench.im[2]?.detail as { id: string }[];
    expect(told.map((message) => message.id)).toEqual(['2']);
  });

  it('[WR83] are sent to the group as text, as lines, and as custom messages that are known again', async () => {
    const bench = await entered();
    const { controller, socket } = bench;
    const done: unknown[] = [];
    const ask = (request: Parameters<typeof controller.ask>[0]) => controller.ask(request);
    controller.conversation.sendText('hi', ask, (answer) => done.push(answer), undefined);
    controller.conversation.sendCustom(
      { data: 'a line', desc: '{"nickName":"Amy"}', ext: 'TEXT' },
      ask,
      undefined,
      undefined,
    );
    controller.conversation.sendCustom({ data: 'x', desc: 'y', ext: 'Gift' }, ask, undefined, undefined);
    const sent = socket.asked('chat');
    expect(sent.map((one) => one.text)).toEqual(['hi', 'a line', '{"data":"x","desc":"y","ext":"Gift"}']);
    socket.say({ type: 'reply', id: sent[0]?.id ?? 0, code: 0, message: 'success' });
    await settle();
    expect(done).toEqual([{ ActionStatus: 'OK', ErrorCode: 0 }]);
    socket.say({ type: 'chat', message: chat('9', sent[2]?.text ?? '', 'amy') });
    expect(bench.im[bench.im.length - 1]?.detail).toMatchObject([
      { isSend: true, elems: [{ type: 'TIMCustomElem', content: { data: 'x', desc: 'y', ext: 'Gift' } }] },
    ]);
  });

  it("[WR84] fail with the original's numbers: no receiver, empty, too long, not taken", async () => {
    const bench = await entered();
    const { conversation } = bench.controller;
    const failed: ImFailure[] = [];
    const fail = (failure: ImFailure) => failed.push(failure);
    const ask = (request: Parameters<typeof bench.controller.ask>[0]) => bench.controller.ask(request);
    conversation.refusePrivate('', fail);
    conversation.refusePrivate('bob', fail);
    conversation.sendText('', ask, undefined, fail);
    conversation.sendText('x'.repeat(2_001), ask, undefined, fail);
    conversation.sendText('hi', ask, undefined, fail);
    const id = bench.socket.asked('chat')[0]?.id ?? 0;
    bench.socket.say({ type: 'reply', id, code: 20002, message: 'Too many messages. Wait a little.' });
    await settle();
    expect(failed.map((one) => one.ErrorCode)).toEqual([-1, -4, -2, -3, -4]);
    expect(failed[4]?.ErrorInfo).toBe('Too many messages. Wait a little.');
    expect(bench.socket.asked('chat')).toHaveLength(1);
  });

  it("[WR85] are not carried by Tencent's service", async () => {
    const bench = new Bench({ media: 'room', enableIM: true });
    bench.controller.start();
    await settle();
    const failed: ImFailure[] = [];
    const ask = (request: Parameters<typeof bench.controller.ask>[0]) => bench.controller.ask(request);
    bench.controller.conversation.sendText('hi', ask, undefined, (failure) => failed.push(failure));
    await settle();
    expect(failed).toMatchObject([{ ErrorCode: -4 }]);
    expect(bench.im).toEqual([]);
  });
});
