/** The conversation with a client, on a real socket. */
import { describe, expect, it } from 'vitest';
import { amfObject, readAmf0, writeAmf0 } from './amf0.ts';
import { encodeMessage } from './chunk-writer.ts';
import { MESSAGE, WINDOW_BYTES } from './constants.ts';
import { readUint32, uint32Body, userControlBody } from './control.ts';
import type { RtmpClient } from './testing/client.ts';
import { LIMITS } from './testing/limits.ts';
import { frame, scene } from './testing/scene.ts';
import type { Playing, RtmpMedia } from './types.ts';

const { served, started, client, publisher, stream } = scene();

describe('conversation', () => {
  it('[RT20] connect without tcUrl, publish, media, end', async () => {
    await started();
    const one = await client({ tcUrl: null });
    await one.publish('a?ticket');
    one.send('video', 5, frame(10_000));
    one.send('audio', 0xfffffff0, frame(3));
    await served().hub.until(() => stream().media.length === 2);
    expect(stream().target).toEqual({ app: 'live', stream: 'a', query: 'ticket', remoteAddress: '127.0.0.1' });
    expect(stream().media).toEqual([
      { kind: 'video', timestamp: 5, payload: Buffer.from(frame(10_000)) },
      { kind: 'audio', timestamp: 0xfffffff0, payload: Buffer.from(frame(3)) },
    ]);
    one.command('deleteStream', 0, null, 1);
    await one.closed;
    expect(one.statuses).toEqual(['NetStream.Publish.Start', 'NetStream.Unpublish.Success']);
    expect([stream().ends, stream().cause]).toEqual([['closed by the client'], 'closed']);
  });

  it('[RT22] nothing is answered as success, and nothing read, before the door has answered', async () => {
    await started();
    let letIn = (): void => {};
    served().hub.gate = new Promise((resolve) => {
      letIn = resolve;
    });
    const one = await client();
    const publishing = one.publish('a');
    one.command('publish', 0, null, 'a', 'live');
    // Sent before the door answers: kept, in order.
    one.send('video', 1, frame(50));
    one.send('video', 2, frame(50));
    await one.until(() => one.messages.some(({ type }) => type === MESSAGE.commandAmf0));
    expect(one.statuses).toEqual([]);
    expect(served().hub.streams).toEqual([]);
    letIn();
    // The second publish of the same connection is the end of it.
    await publishing.catch(() => {});
    await one.closed;
    expect(served().troubles).toEqual(['command: publish at the wrong time']);
  });

  it('[RT22] media that came while the door was asked is not lost', async () => {
    await started();
    let letIn = (): void => {};
    served().hub.gate = new Promise((resolve) => {
      letIn = resolve;
    });
    const one = await client();
    const publishing = one.publish('a');
    await served().hub.until(() => served().hub.asked === 1);
    for (let i = 0; i < 50; i += 1) one.send('video', i, frame(5_000));
    letIn();
    await publishing;
    await served().hub.until(() => stream().media.length === 50);
    expect(stream().media.map((media) => media.timestamp)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('[RT23] a refusal is told as an error, then the connection ends', async () => {
    await started();
    served().hub.refusal = { code: 'NetStream.Publish.BadName', description: 'The ticket is altered.' };
    const one = await client();
    await expect(one.publish('a')).rejects.toThrow('NetStream.Publish.BadName: The ticket is altered.');
    await one.closed;
    const other = await client();
    await expect(other.play('a')).rejects.toThrow('The ticket is altered.');
    await other.closed;
    expect(served().troubles).toEqual(['The ticket is altered.', 'The ticket is altered.']);
  });

  it('[RT23] a client that is refused while it sends gets its refusal, and is let go', async () => {
    await started();
    let answer = (): void => {};
    served().hub.gate = new Promise((resolve) => {
      answer = resolve;
    });
    served().hub.refusal = { code: 'NetStream.Publish.Denied', description: 'No.' };
    const one = await client();
    const publishing = one.publish('a');
    await served().hub.until(() => served().hub.asked === 1);
    for (let i = 0; i < 50; i += 1) one.send('video', i, frame(100_000));
    answer();
    await expect(publishing).rejects.toThrow('NetStream.Publish.Denied');
    await one.closed;
    // The server's clock stands still: letting go must not need the end of the linger time.
    while (served().server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('[RT23] a door that throws refuses, and tells nothing', async () => {
    await started();
    served().hub.publish = () => {
      throw new Error('secret');
    };
    const one = await client();
    await expect(one.publish('a')).rejects.toThrow('The server failed.');
    await one.closed;
    expect(served().troubles.join()).not.toContain('secret');
  });

  it('[RT24] courtesies are answered when they ask for it, unknown commands are passed over', async () => {
    await started();
    const one = await client();
    expect(await one.request('releaseStream', null, 'a')).toEqual(['_result', 2, null, undefined]);
    expect(await one.request('FCPublish', null, 'a')).toEqual(['_result', 3, null, undefined]);
    expect(await one.request('getStreamLength', null, 'a')).toEqual(['_result', 4, null, 0]);
    one.command('_checkbw', 9, null);
    one.command('FCSubscribe', 9, null, 'a');
    expect(await one.request('createStream', null)).toEqual(['_result', 5, null, 1]);
  });

  it('[RT24] play, pause and buffer lengths while playing change nothing', async () => {
    await started();
    const source = await publisher();
    const seen: RtmpMedia[] = [];
    const one = await client({ onMedia: (media) => seen.push(media) });
    await one.play('a');
    expect(one.statuses).toEqual(['NetStream.Play.Reset', 'NetStream.Play.Start']);
    one.command('pause', 0, null, true, 0);
    one.message(MESSAGE.userControl, userControlBody(3, 1));
    source.send('audio', 77, frame(20));
    await one.until(() => seen.length === 1);
    expect(seen[0]).toEqual({ kind: 'audio', timestamp: 77, payload: Buffer.from(frame(20)) });
    source.close();
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Play.UnpublishNotify');
  });

  it('[RT24] the owner of a player hears of its end once, also when he asks late', async () => {
    await started();
    await publisher();
    let playing: Playing | null = null;
    const { play } = served().hub;
    served().hub.play = async (target) => {
      const admission = await play.call(served().hub, target);
      if (admission.kind === 'refused') return admission;
      return {
        ...admission,
        started: (one) => {
          playing = one;
          admission.started(one);
        },
      };
    };
    const one = await client();
    await one.play('a');
    expect(stream().players.size).toBe(1);
    one.close();
    await served().hub.until(() => stream().players.size === 0);
    let late = 0;
    await new Promise<void>((resolve) => {
      const ended: Playing | null = playing;
      ended?.onClosed(() => {
        late += 1;
        resolve();
      });
      ended?.socket.write(frame(10));
      ended?.socket.end('slow');
    });
    expect(late).toBe(1);
  });

  it('[RT25] commands in AMF3 dress are read, AMF3 itself ends it', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.commandAmf3, Buffer.concat([Uint8Array.of(0), writeAmf0(['createStream', 7, null])]));
    await one.until(() => one.messages.filter(({ type }) => type === MESSAGE.commandAmf0).length === 2);
    one.message(
      MESSAGE.commandAmf3,
      Buffer.concat([Uint8Array.of(0), writeAmf0(['publish', 0]), Uint8Array.of(0x11, 1)]),
    );
    await one.closed;
    expect(served().troubles).toEqual(['AMF: marker 17 is not taken']);
  });

  it('[RT26] both directions are acknowledged every window', async () => {
    await started();
    const one = await publisher();
    one.message(MESSAGE.windowAcknowledgementSize, uint32Body(10_000));
    for (let i = 0; i < 10; i += 1) one.send('video', i, frame(5_000));
    await one.until(() => one.acknowledged > 40_000);
    expect(
      one.messages.filter(({ type }) => type === MESSAGE.windowAcknowledgementSize).map(({ body }) => readUint32(body)),
    ).toEqual([WINDOW_BYTES]);
    one.message(MESSAGE.setPeerBandwidth, Buffer.from([0, 0, 100, 0, 2]));
    await one.until(() => one.messages.filter(({ type }) => type === MESSAGE.windowAcknowledgementSize).length === 2);
    expect(stream().ends).toEqual([]);
  });

  it('[RT27] pings are answered', async () => {
    await started();
    const one = await client();
    one.message(MESSAGE.userControl, userControlBody(6, 0xdeadbeef));
    await one.until(() => one.messages.some(({ type }) => type === MESSAGE.userControl));
    const answer = one.messages.find(({ type }) => type === MESSAGE.userControl)?.body;
    expect(Buffer.from(answer ?? []).toString('hex')).toBe('0007deadbeef');
  });

  it('[RT28] aggregates are taken apart, their stamps moved', async () => {
    await started();
    const one = await publisher();
    const tag = (type: number, time: number, body: Uint8Array) => {
      const bytes = Buffer.alloc(11 + body.length + 4);
      bytes[0] = type;
      bytes.writeUIntBE(body.length, 1, 3);
      bytes.writeUIntBE(time & 0xffffff, 4, 3);
      bytes[7] = time >>> 24;
      bytes.set(body, 11);
      return bytes;
    };
    const body = Buffer.concat([
      tag(8, 100, frame(4)),
      tag(9, 140, frame(6)),
      tag(18, 150, writeAmf0(['x'])).subarray(0, -4),
    ]);
    one.socket.write(encodeMessage(4, MESSAGE.aggregate, 1, 1_000, body, 4_096));
    await served().hub.until(() => stream().media.length === 3);
    expect(stream().media.map(({ kind, timestamp, payload }) => [kind, timestamp, payload.length])).toEqual([
      ['audio', 1_000, 4],
      ['video', 1_040, 6],
      ['data', 1_050, 4],
    ]);
    one.socket.write(encodeMessage(4, MESSAGE.aggregate, 1, 1_000, body.subarray(0, 20), 4_096));
    await one.closed;
    expect(served().troubles).toEqual(['aggregate: a tag that ends too early']);
  });

  it('[RT29] metadata comes without its wrapping', async () => {
    await started();
    const one = await publisher();
    one.send('data', 0, writeAmf0(['@setDataFrame', 'onMetaData', amfObject({ width: 3 })]));
    one.send('data', 0, writeAmf0(['@clearDataFrame', 'onMetaData']));
    one.send('data', 0, writeAmf0(['onCuePoint']));
    await served().hub.until(() => stream().media.length === 2);
    expect(stream().media.map(({ payload }) => readAmf0(payload, 0, LIMITS.amf))).toEqual([
      ['onMetaData', amfObject({ width: 3 })],
      ['onCuePoint'],
    ]);
  });

  it('[RT30] ending a publish tells the client why, and its owner once', async () => {
    await started();
    const one = await publisher();
    stream().publishing?.end('NetStream.Publish.Rejected', 'B frames cannot be forwarded.');
    stream().publishing?.end('NetStream.Publish.Rejected', 'Again.');
    await one.closed;
    expect(one.statuses.at(-1)).toBe('NetStream.Publish.Rejected');
    expect([stream().ends, stream().cause]).toEqual([['B frames cannot be forwarded.'], 'ended']);
  });

  it('[RT30] a publisher that left while the door was asked is told to its owner as ended', async () => {
    await started();
    const ends: string[] = [];
    let asked = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const answer = Promise.withResolvers<void>();
    served().hub.publish = async () => {
      asked();
      await answer.promise;
      return {
        kind: 'accepted',
        sink: { onMedia: () => {}, onEnd: (reason) => ends.push(reason) },
        started: () => ends.push('started'),
      };
    };
    const one = await client();
    one.publish('a').catch(() => {});
    await arrived;
    await served().server.close('shutdown');
    answer.resolve();
    await answer.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['closed before it was admitted']);
  });

  it('[RT30] an owner that throws ends his own connection alone', async () => {
    await started();
    const other = await publisher('b');
    const { publish } = served().hub;
    for (const part of ['onMedia', 'onEnd'] as const) {
      served().hub.publish = async (target) => {
        const admission = await publish.call(served().hub, target);
        if (admission.kind === 'refused') return admission;
        const broken = () => {
          throw new Error('secret');
        };
        return { ...admission, sink: { ...admission.sink, [part]: broken } };
      };
      const one = await publisher(part);
      one.send('audio', 0, frame(3));
      one.command('deleteStream', 0, null, 1);
      await one.closed;
    }
    while (served().server.connections > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(served().troubles).toEqual(['an error while reading', 'the owner of the publish failed at its end']);
    other.send('audio', 1, frame(3));
    await served().hub.until(() => stream('b').media.length === 1);
  });

  it('[RT31] commands out of order end the connection', async () => {
    await started();
    for (const say of [
      (one: RtmpClient) => one.command('connect', 2, amfObject({ app: 'live' })),
      (one: RtmpClient) => one.command('publish', 2, null),
      (one: RtmpClient) => one.message(MESSAGE.commandAmf0, writeAmf0([5, 5])),
    ]) {
      const one = await client();
      say(one);
      await one.closed;
    }
    expect(served().troubles).toEqual([
      'command: a second connect',
      'command: publish without a stream name',
      'command: no name',
    ]);
    expect(served().server.connections).toBe(0);
  });
});
