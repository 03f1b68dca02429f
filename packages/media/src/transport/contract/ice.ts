import { expect, it } from 'vitest';
import { parseStun, verifyIntegrity } from '../stun.ts';
import { type Lab, LabPeer, setRemote } from './lab.ts';
import { until } from './wire.ts';

/** ICE: candidates, connectivity checks, paths, restarts, silence. */
export function iceSuite(lab: () => Lab): void {
  it('[TP1] every address is bound on one port number, announced addresses are added', async () => {
    const transport = await lab().transport({
      listenAddresses: ['127.0.0.1', '127.0.0.2'],
      announcedAddresses: ['203.0.113.7', '127.0.0.1'],
    });
    const candidates = transport.candidates();
    expect(candidates.map(({ address }) => address)).toEqual(['203.0.113.7', '127.0.0.1', '127.0.0.2']);
    expect(new Set(candidates.map(({ port }) => port))).toEqual(new Set([transport.port]));
    expect(new Set(candidates.map(({ priority }) => priority)).size).toBe(3);
    expect(new Set(candidates.map(({ foundation }) => foundation)).size).toBe(3);
  });

  it('[TP1] without addresses every useful interface is bound, loopback too', async () => {
    const transport = await lab().transport({ listenAddresses: [] });
    const addresses = transport.candidates().map(({ address }) => address);
    expect(addresses).toContain('127.0.0.1');
    expect(addresses.some((address) => /^fe[89ab]|^169\.254\./i.test(address))).toBe(false);
  });

  it('[TP2] a port in use, an address that is none and a bad tag are refused', async () => {
    const taken = await lab().transport();
    await expect(lab().transport({ port: taken.port })).rejects.toThrow(/EADDRINUSE/);
    await expect(lab().transport({ listenAddresses: ['not-an-address'] })).rejects.toThrow(/not-an-address/);
    await expect(lab().transport({ workerTag: 'a:b' })).rejects.toThrow(/workerTag/);
  });

  it('[TP3] credentials name the worker and differ from peer to peer', async () => {
    const transport = await lab().transport({ workerTag: 'xy9' });
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const ice = transport.localIce(new LabPeer(transport).index);
      expect(ice.usernameFragment).toMatch(/^xy9[A-Za-z0-9+/]{5,}$/);
      expect(ice.password.length).toBeGreaterThanOrEqual(22);
      seen.add(ice.usernameFragment).add(ice.password);
    }
    expect(seen.size).toBe(100);
  });

  it('[TP4] an authentic check is answered with the mapped address and makes the peer checking', async () => {
    const transport = await lab().transport();
    const peer = new LabPeer(transport);
    const end = await lab().end(transport);
    const ice = transport.localIce(peer.index);
    await end.check(ice);
    const response = end.lastResponse!;
    expect(verifyIntegrity(response, parseStun(response)!, ice.password)).toBe(true);
    const mapped = response.subarray(28, 32).readUInt16BE(0) ^ 0;
    expect(response.readUInt16BE(26) ^ 0x2112).toBe(end.socket.address().port);
    expect(mapped).toBe(0x7f00 ^ 0x2112);
    expect(peer.states).toEqual(['checking']);
  });

  it('[TP5] wrong passwords and unknown names get no answer', async () => {
    const transport = await lab().transport();
    const peer = new LabPeer(transport);
    const end = await lab().end(transport);
    const ice = transport.localIce(peer.index);
    const wrong = end.sendCheck(ice, { password: 'x'.repeat(24) });
    const unknown = end.sendCheck(ice, { username: 'w1nobody:x' });
    await until(() => transport.stats().dropped.authentication === 2, 'the refusals');
    expect(peer.states).toEqual([]);
    // Answers come in order, so that none of the earlier ones is under way after this one.
    await end.check(ice);
    expect(end.response(wrong)).toBeUndefined();
    expect(end.response(unknown)).toBeUndefined();
  });

  it('[TP6] unauthenticated checks are limited per address and second; validated addresses stay served', async () => {
    const transport = await lab().transport({ limits: { maxUnauthenticatedStunPerSecond: 5 } });
    const peer = new LabPeer(transport);
    const ice = transport.localIce(peer.index);
    const [known, stranger] = [await lab().end(transport), await lab().end(transport)];
    await known.check(ice);
    for (let i = 0; i < 20; i++) stranger.sendCheck(ice, { username: 'w1gone:x' });
    await until(() => transport.stats().dropped.authentication === 20, 'the unknown names');
    await stranger.check(ice);
    const late = await lab().end(transport);
    for (let i = 0; i < 20; i++) late.sendCheck(ice, { password: 'wrong' });
    await until(() => transport.stats().dropped.unknownAddress >= 15, 'the limit');
    expect(transport.stats().dropped.authentication).toBe(25);
    await known.check(ice);
    lab().forward(1100);
    let transaction = late.sendCheck(ice);
    await until(() => {
      if (late.response(transaction) !== undefined) return true;
      transaction = late.sendCheck(ice);
      return false;
    }, 'the next second');
  });

  it('[TP7] a controlled other end is told of the role conflict', async () => {
    const transport = await lab().transport();
    const peer = new LabPeer(transport);
    const end = await lab().end(transport);
    const response = await end.check(transport.localIce(peer.index), { role: 'controlled' });
    expect(response.errorCode).toBe(487);
    expect(peer.states).toEqual([]);
  });

  it('[TP8] nothing but checks is taken from an address that was not validated', async () => {
    const { a, b, wire } = await lab().link();
    const stranger = await lab().end(a.transport);
    wire.fromB = (data) => {
      stranger.send(data);
      return [];
    };
    const before = a.transport.stats().dropped.unknownAddress;
    b.sendStream(3);
    b.transport.sendData(b.index, Buffer.from('from elsewhere'));
    await until(() => a.transport.stats().dropped.unknownAddress === before + 4, 'the drops');
    expect(a.rtp).toEqual([]);
    expect(a.data).toEqual([]);
  });

  it('[TP9] media follows the nominated pair when the other end moves', async () => {
    const { a, b, wire } = await lab().link();
    const moved = await lab().end(a.transport);
    const arrived: Buffer[] = [];
    moved.onPacket = (data) => {
      arrived.push(data);
      wire.b.send(data);
    };
    await moved.check(a.transport.localIce(a.index), { nominate: false });
    a.sendStream(1);
    await until(() => b.rtp.length === 1, 'the old path');
    expect(arrived).toEqual([]);
    await moved.check(a.transport.localIce(a.index), { nominate: true });
    a.sendStream(1, 77, 1);
    await until(() => b.rtp.length === 2, 'the new path');
    expect(arrived.length).toBe(1);
    wire.fromB = (data) => {
      moved.send(data);
      return [];
    };
    b.sendStream(1);
    await until(() => a.rtp.length === 1, 'packets from the new address');
    expect(a.states).toEqual(['checking', 'connected']);
  });

  it('[TP10] silence disconnects, then fails; packets heard in between bring it back', async () => {
    const { a, b, wire } = await lab().link({ disconnectedAfterMs: 5000, failedAfterMs: 15_000 });
    lab().forward(6000);
    await until(() => a.state === 'disconnected', 'disconnected');
    b.sendStream(1);
    await until(() => a.rtp.length === 1, 'a packet');
    expect(a.state).toBe('connected');
    lab().forward(6000);
    await until(() => a.state === 'disconnected', 'disconnected again');
    await wire.a.check(a.transport.localIce(a.index));
    expect(a.state).toBe('connected');
    lab().forward(20_000);
    await until(() => a.state === 'failed', 'failed');
    expect(a.states.slice(2)).toEqual([
      'disconnected',
      'connected',
      'disconnected',
      'connected',
      'disconnected',
      'failed',
    ]);
    const before = b.rtp.length;
    a.sendStream(3);
    await wire.b.check(b.transport.localIce(b.index));
    expect(b.rtp.length).toBe(before);
  });

  it('[TP11] after an ICE restart the old credentials hold until the new are used', async () => {
    const { a, wire } = await lab().link();
    const old = a.transport.localIce(a.index);
    const fresh = a.transport.restartIce(a.index);
    expect(fresh.usernameFragment).not.toBe(old.usernameFragment);
    expect(a.transport.localIce(a.index)).toEqual(fresh);
    await wire.a.check(old);
    const end = await lab().end(a.transport);
    await end.check(fresh);
    const late = wire.a.sendCheck(old);
    await until(() => a.transport.stats().dropped.authentication >= 1, 'the refusal');
    expect(wire.a.response(late)).toBeUndefined();
    expect(a.state).toBe('connected');
  });

  it('[TP11] an ICE restart brings a silent peer back with its keys', async () => {
    const { a, b, wire } = await lab().link({ disconnectedAfterMs: 5000, failedAfterMs: 15_000 });
    lab().forward(20_000);
    await until(() => a.state === 'failed' && b.state === 'failed', 'failed');
    const old = a.transport.localIce(a.index);
    await wire.a.check(old);
    expect(a.state).toBe('failed');
    const [freshA, freshB] = [a.transport.restartIce(a.index), b.transport.restartIce(b.index)];
    setRemote(a, b, 'server');
    setRemote(b, a, 'client');
    await wire.a.check(freshA);
    await wire.b.check(freshB);
    expect([a.state, b.state]).toEqual(['connected', 'connected']);
    a.sendStream(1);
    await until(() => b.rtp.length === 1, 'media');
  });

  it('[TP12] a peer that nobody reaches fails', async () => {
    const transport = await lab().transport({ failedAfterMs: 15_000 });
    const [peer, other] = [new LabPeer(transport), new LabPeer(transport)];
    setRemote(peer, other, 'server');
    lab().forward(16_000);
    await until(() => peer.state === 'failed', 'failed');
    expect(other.state).toBe('new');
  });
}
