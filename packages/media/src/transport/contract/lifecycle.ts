import { expect, it } from 'vitest';
import { type Lab, LabPeer } from './lab.ts';
import { until } from './wire.ts';

/** Peers coming and going. */
export function lifecycleSuite(lab: () => Lab): void {
  it('[TP45] closing tells the other end at once and frees the index', async () => {
    const { a, b } = await lab().link();
    a.transport.closePeer(a.index);
    await until(() => b.state === 'failed', 'the farewell');
    expect(b.reasons).toEqual(['closed by the other end']);
    expect(a.state).toBe('closed');
    expect(new LabPeer(a.transport).index).toBe(a.index);
    // A closed peer's methods do nothing, or say that there is no such peer.
    b.transport.closePeer(b.index);
    b.transport.closePeer(b.index);
    expect(() => b.transport.localIce(b.index)).toThrow(/No peer/);
    b.transport.sendRtcp(b.index, Buffer.alloc(8));
    b.transport.sendData(b.index, Buffer.alloc(8));
    b.sendStream(1);
  });

  it('[TP46] peers are limited, and a closed one makes room', async () => {
    const transport = await lab().transport({ limits: { maxPeers: 3 } });
    const peers = [0, 1, 2].map(() => new LabPeer(transport));
    expect(peers.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(() => new LabPeer(transport)).toThrow(/Too many peers/);
    transport.closePeer(peers[1]!.index);
    expect(new LabPeer(transport).index).toBe(1);
  });

  it('[TP47] an address that proves itself for another peer belongs to that peer', async () => {
    const { a, wire } = await lab().link();
    const next = new LabPeer(a.transport);
    await wire.a.check(a.transport.localIce(next.index));
    expect(next.state).toBe('checking');
    a.sendStream(1);
    await wire.a.check(a.transport.localIce(next.index));
    expect(a.state).toBe('connected');
  });

  it('[TP48] many peers share one socket', async () => {
    const [first, second] = [await lab().transport(), await lab().transport()];
    const pairs: { readonly a: LabPeer; readonly b: LabPeer }[] = [];
    for (let i = 0; i < 12; i++) {
      const wire = await lab().wire(first, second);
      const [a, b] = [new LabPeer(first), new LabPeer(second)];
      lab().introduce(a, b, i % 2 === 0 ? 'server' : 'client');
      await wire.a.check(first.localIce(a.index));
      await wire.b.check(second.localIce(b.index));
      pairs.push({ a, b });
    }
    await until(() => pairs.every(({ a, b }) => a.state === 'connected' && b.state === 'connected'), 'all');
    pairs.forEach(({ a }, i) => {
      a.sendStream(i + 1, 1000 + i);
    });
    await until(() => pairs.every(({ b }, i) => b.rtp.length === i + 1), 'every packet at its own peer');
  });
}
