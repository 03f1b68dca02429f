import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { NodeParticipant } from '../src/rtc-node.ts';
import { SignalProxy } from '../src/signal-proxy.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { UdpRelay } from '../src/udp-relay.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();

const forms = [
  ['one connection', true],
  ['two connections', false],
] as const;

async function pair(singlePeerConnection = true) {
  const room = newRoom();
  const options = { singlePeerConnection };
  const anna = await stage.join({ room, identity: 'anna', options });
  const ben = await stage.join({ room, identity: 'ben', options });
  await stage.active(room, 'ben');
  return { room, anna, ben };
}

/** As {@link pair}; Anna knows of Ben, since in what form she sends depends on what he understands. */
async function acquaintances() {
  const people = await pair();
  await people.anna.waitForEvent('participantConnected');
  return people;
}

describe('data packets', () => {
  it.each(forms)('reliable, in order, with their topic, %s', async (_form, single) => {
    const { anna, ben } = await pair(single);
    const count = 100;
    for (let index = 0; index < count; index += 1) {
      await anna.call('sendData', `number ${index}`, { reliable: true, topic: 'count' });
    }
    await ben.waitForEvent('data', (event) => event.detail.endsWith(`number ${count - 1}`));
    const got = (await ben.eventsOf('data')).map((event) => event.detail);
    expect(got).toEqual(Array.from({ length: count }, (_, index) => `reliable|count|number ${index}`));
    expect((await ben.eventsOf('data')).every((event) => event.identity === 'anna')).toBe(true);
  });

  it.each(forms)('lossy packets arrive as such, %s', async (_form, single) => {
    const { anna, ben } = await pair(single);
    // One may be lost, and is while the channel opens: so many are sent that one comes.
    const got = await waitFor(
      'a lossy packet',
      async () => {
        await anna.call('sendData', 'maybe', { reliable: false });
        return (await ben.eventsOf('data')).map((event) => event.detail);
      },
      (details) => details.length > 0,
    );
    expect(new Set(got)).toEqual(new Set(['lossy||maybe']));
  });

  it('addressed to one: nobody else gets it', async () => {
    const { room, anna, ben } = await pair();
    const carl = await stage.join({ room, identity: 'carl' });
    await stage.active(room, 'carl');
    await anna.call('sendData', 'for carl', { reliable: true, to: ['carl'] });
    await anna.call('sendData', 'for all', { reliable: true });
    await carl.waitForEvent('data', (event) => event.detail.endsWith('for all'));
    await ben.waitForEvent('data', (event) => event.detail.endsWith('for all'));
    expect((await ben.eventsOf('data')).map((event) => event.detail)).toEqual(['reliable||for all']);
    expect(await carl.eventsOf('data')).toHaveLength(2);
    expect(await anna.eventsOf('data')).toEqual([]);
  });

  it('packets of 15 kB pass', async () => {
    const { anna, ben } = await pair();
    const text = 'x'.repeat(15_000);
    await anna.call('sendData', text, { reliable: true });
    await ben.waitForEvent('data', (event) => event.detail === `reliable||${text}`);
  });

  it.each(forms)('kept, in order and once, over a lost network and a resume, %s', async (_form, single) => {
    const room = newRoom();
    const proxy = await new SignalProxy(stage.target.httpUrl).listen();
    stage.cleanUp(() => proxy.close());
    const relay = await new UdpRelay(stage.target.mediaPort).listen();
    stage.cleanUp(() => relay.close());
    const options = { singlePeerConnection: single };
    const anna = await stage.join({ room, identity: 'anna', options });
    const ben = await stage.join({ room, identity: 'ben', url: proxy.wsUrl, mediaPort: relay.port, options });
    await stage.active(room, 'ben');
    await anna.call('sendData', 'number 0', { reliable: true });
    await ben.waitForEvent('data');
    const events = await ben.eventCount();
    relay.set({ blackout: true });
    proxy.cut();
    for (let index = 1; index < 20; index += 1) await anna.call('sendData', `number ${index}`, { reliable: true });
    await ben.waitForEvent('signalReconnecting', undefined, { after: events });
    relay.set({});
    await ben.waitForEvent('reconnected', undefined, { after: events });
    await anna.call('sendData', 'number 20', { reliable: true });
    await ben.waitForEvent('data', (event) => event.detail.endsWith('number 20'));
    const got = (await ben.eventsOf('data')).map((event) => event.detail);
    expect(got).toEqual(Array.from({ length: 21 }, (_, index) => `reliable||number ${index}`));
  });
});

describe('streams and RPC', () => {
  it('a text stream', async () => {
    const { anna, ben } = await acquaintances();
    const text = '连麦 '.repeat(8_000);
    await anna.call('sendText', text, 'words');
    const got = await ben.waitForEvent('text');
    expect(got.detail).toBe(text);
    expect(got.identity).toBe('anna');
  });

  it('a byte stream of 300 kB', async () => {
    const { anna, ben } = await acquaintances();
    await anna.call('sendBytes', 300_000, 'blob');
    expect((await ben.waitForEvent('bytes')).detail).toBe('300000 bytes, 0 wrong');
  });

  it('RPC: an answer, an error, and an unknown method', async () => {
    const { anna } = await acquaintances();
    expect(await anna.call('rpc', 'ben', 'echo', 'hello')).toBe('anna:hello');
    expect(await anna.call('rpc', 'ben', 'refuse', '')).toBe('error 1234: refused on purpose');
    expect(await anna.call('rpc', 'ben', 'nonsense', '')).toMatch(/^error 1400/);
  });

  it('data, text and RPC between a browser and rtc-node', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const node = new NodeParticipant('node');
    stage.cleanUp(() => node.close());
    await node.join(stage.target, { room, identity: 'node' });
    await anna.waitForEvent('participantConnected');
    await stage.active(room, 'node');
    await anna.call('sendData', 'from the page', { reliable: true, topic: 't' });
    await node.waitForEvent('data:anna:t:from the page');
    await node.sendData('from node', 'n');
    await anna.waitForEvent('data', (event) => event.detail === 'reliable|n|from node');
    await anna.call('sendText', 'words for node', 'words');
    await node.waitForEvent('text:anna:words for node');
    await node.sendText('words for the page', 'words');
    await anna.waitForEvent('text', (event) => event.detail === 'words for the page');
    expect(await anna.call('rpc', 'node', 'echo', 'hi')).toBe('anna:hi');
    expect(await node.rpc('anna', 'echo', 'hi')).toBe('node:hi');
  });
});

describe('what participants say about themselves', () => {
  it('metadata, name and attributes reach everybody, late joiners too', async () => {
    const { room, anna, ben } = await pair();
    await anna.call('setMetadata', '{"seat":1}');
    await anna.call('setName', 'Anna');
    await anna.call('setAttributes', { hand: 'up', color: 'red' });
    await ben.waitForEvent('metadata', (event) => event.detail === '{"seat":1}');
    await ben.waitForEvent('name', (event) => event.detail === 'Anna');
    await ben.waitForEvent('attributes', (event) => event.detail.includes('hand'));
    await anna.call('setAttributes', { hand: '' });
    await ben.waitForState('the attribute gone', (state) => {
      const seen = state.remote[0]?.attributes;
      return seen !== undefined && !('hand' in seen) && seen['color'] === 'red';
    });
    const late = await stage.join({ room, identity: 'late' });
    const seen = await late.sees('anna');
    expect(seen).toMatchObject({ metadata: '{"seat":1}', name: 'Anna', attributes: { color: 'red' } });
  });

  it('name, metadata and attributes of the token', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await stage.join({ room, identity: 'ben', name: 'Ben', metadata: 'm', attributes: { a: '1' } });
    await anna.waitForState('ben as his token says', (state) => {
      const ben = state.remote[0];
      return ben?.name === 'Ben' && ben.metadata === 'm' && ben.attributes['a'] === '1';
    });
  });

  it('the active speaker follows the tone', async () => {
    const { room, anna, ben } = await pair();
    const viewer = await stage.join({ room, identity: 'viewer' });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.call('publishAudio', { tone: TONES.b });
    await ben.call('setGain', 0);
    await viewer.expectTone('anna', TONES.a);
    const speakers = (names: string[]) =>
      viewer.waitForState(`speakers ${names.join(',')}`, (state) => state.speakers.join(',') === names.join(','));
    await speakers(['anna']);
    await anna.call('setGain', 0);
    await ben.call('setGain', 0.4);
    await speakers(['ben']);
    await ben.call('setGain', 0);
    await speakers([]);
  });

  it('a publisher with a good network has a good connection quality', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.red });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.waitForState('an excellent or good anna', (state) =>
      ['excellent', 'good'].includes(state.remote[0]?.quality ?? ''),
    );
  });
});
