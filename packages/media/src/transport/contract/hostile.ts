import { expect, it } from 'vitest';
import { bindingRequest } from '../stun.ts';
import { type Lab, LabPeer, type Link, setRemote } from './lab.ts';
import { until, type WireEnd } from './wire.ts';

/** Seeds that found something once, and a few more. Add one when a run with another seed fails. */
const SEEDS = [1, 7, 42, 20261121];
const ROUNDS = 400;

/** Small seeded generator (mulberry32), so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Changes a packet the way damage and malice do: bits, lengths, cuts, growth, all of it. */
function mangle(packet: Buffer, random: (below: number) => number): Buffer {
  const out = Buffer.from(packet);
  switch (random(6)) {
    case 0:
      return out.subarray(0, random(out.length + 1));
    case 1:
      return Buffer.concat([out, Buffer.alloc(random(600), random(256))]);
    case 2:
      for (let i = 0; i < out.length; i++) out[i] = random(256);
      return out;
    case 3: {
      const first = out[0] ?? 0;
      for (let i = 1; i < out.length; i++) out[i] = random(256);
      if (out.length > 0) out[0] = first;
      return out;
    }
    default:
      for (let n = 1 + random(8); n > 0 && out.length > 0; n--) out[random(out.length)] = random(256);
      return out;
  }
}

/** Whether the link still carries everything both ways. */
async function expectAlive({ a, b }: Link, tag: number): Promise<void> {
  const [toA, toB] = [a.rtp.length, b.rtp.length];
  a.sendStream(1, 500_000 + tag, tag & 0xffff);
  b.sendStream(1, 500_000 + tag, tag & 0xffff);
  await until(() => a.rtp.length > toA && b.rtp.length > toB, 'media of the other peers');
}

/** Hostile bytes end at most their own peer. */
export function hostileSuite(lab: () => Lab): void {
  it.each(SEEDS)('[TP49] seed %i: noise from strangers concerns nobody', async (seed) => {
    const random = generator(seed);
    const link = await lab().link({ limits: { maxUnauthenticatedStunPerSecond: 1e6 } });
    const stranger = await lab().end(link.a.transport);
    const ice = link.a.transport.localIce(link.a.index);
    const samples = [
      bindingRequest({
        transactionId: Buffer.alloc(12, seed),
        username: `${ice.usernameFragment}:x`,
        password: 'guess',
        role: 'controlling',
        useCandidate: true,
      }),
      Buffer.concat([
        Buffer.from('16fefd0000000000000000', 'hex'),
        Buffer.from('0020010000140000', 'hex'),
        Buffer.alloc(24),
      ]),
      Buffer.concat([Buffer.from('9060000100000000', 'hex'), Buffer.from('00000001bede0001', 'hex'), Buffer.alloc(60)]),
    ];
    const before = link.a.transport.stats().packetsIn;
    for (let i = 1; i <= ROUNDS; i++) {
      stranger.send(mangle(samples[i % samples.length]!, random));
      // Little at once, so that no kernel buffer overflows.
      if (i % 100 === 0) await until(() => link.a.transport.stats().packetsIn >= before + i, 'the noise');
    }
    await expectAlive(link, seed);
    expect(link.a.states).toEqual(['checking', 'connected']);
  });

  it.each(SEEDS)('[TP49] seed %i: a handshake gone wild ends only its own peer', async (seed) => {
    const random = generator(seed);
    const link = await lab().link();
    const transport = link.a.transport;
    const other = await lab().transport();
    for (let round = 0; round < 6; round++) {
      const wire = await lab().wire(transport, other);
      const [victim, attacker] = [new LabPeer(transport), new LabPeer(other)];
      lab().introduce(victim, attacker, round % 2 === 0 ? 'server' : 'client');
      let mangled = 0;
      const from = random(7);
      wire.fromB = (data) => (mangled++ >= from ? [mangle(data, random), mangle(data, random), data] : [data]);
      await wire.a.check(transport.localIce(victim.index));
      await wire.b.check(other.localIce(attacker.index));
      await until(() => mangled > from || victim.state !== 'checking', 'the attack');
      transport.closePeer(victim.index);
      other.closePeer(attacker.index);
    }
    await expectAlive(link, seed);
    expect(link.a.states).toEqual(['checking', 'connected']);
  });

  it.each(SEEDS)('[TP49] seed %i: mangled media and records are dropped, the peer lives', async (seed) => {
    const random = generator(seed);
    const link = await lab().link();
    const bystander = await secondLink(lab(), link);
    const { a, b, wire } = link;
    let sent = 0;
    wire.fromB = (data) => {
      sent++;
      return [mangle(data, random), mangle(data, random)];
    };
    for (let i = 0; i < 60; i++) {
      b.sendStream(1, 77, i);
      b.transport.sendRtcp(b.index, Buffer.from('80c9000100000007', 'hex'));
      b.transport.sendData(b.index, Buffer.alloc(50, i));
      // Little at once, so that no kernel buffer overflows.
      if (i % 10 === 9) await until(() => sent === (i + 1) * 3, 'the storm');
    }
    await flushed(wire.a, a);
    wire.fromB = (data) => [data];
    b.sendStream(1, 78);
    await until(() => a.rtp.some((packet) => packet.readUInt32BE(8) === 78), 'media after the storm');
    expect(a.state).toBe('connected');
    expect(a.transport.slab.available).toBe(64);
    await expectAlive(bystander, seed);
  });

  it('[TP49] a peer whose check is authentic but whose records are noise fails or waits alone', async () => {
    const link = await lab().link();
    const transport = link.a.transport;
    const peer = new LabPeer(transport);
    const end = await lab().end(transport);
    await end.check(transport.localIce(peer.index));
    const random = generator(3);
    // Before anything is known of the other end, only a few datagrams are kept.
    for (let i = 0; i < 200; i++) end.send(mangle(Buffer.alloc(1200, 22), random));
    await flushed(end, peer);
    setRemote(peer, link.a, 'server');
    await flushed(end, peer);
    expect(['checking', 'failed']).toContain(peer.state);
    await expectAlive(link, 3);
  });
}

/** Waits until everything sent to the transport before was read. */
async function flushed(end: WireEnd, peer: LabPeer): Promise<void> {
  if (peer.state === 'failed') return;
  await end.check(peer.transport.localIce(peer.index));
}

/** Another pair on the same transports. */
async function secondLink(lab: Lab, { a, b }: Link): Promise<Link> {
  const wire = await lab.wire(a.transport, b.transport);
  const [c, d] = [new LabPeer(a.transport), new LabPeer(b.transport)];
  lab.introduce(c, d);
  await wire.a.check(a.transport.localIce(c.index));
  await wire.b.check(b.transport.localIce(d.index));
  await until(() => c.state === 'connected' && d.state === 'connected', 'the second connection');
  return { wire, a: c, b: d };
}
