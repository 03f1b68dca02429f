import { expect, it } from 'vitest';
import type { DtlsRole } from '../types.ts';
import { type Lab, LabPeer, setRemote } from './lab.ts';
import { until } from './wire.ts';

const HANDSHAKE_RECORD = 22;
const isHandshake = (data: Buffer) => data[0] === HANDSHAKE_RECORD;

/** DTLS: both roles, proof of identity, loss, limits. */
export function dtlsSuite(lab: () => Lab): void {
  it.each<DtlsRole>(['server', 'client'])('[TP13] connects as %s, with its states in order', async (role) => {
    const { a, b } = await lab().link({}, role);
    expect(a.states).toEqual(['checking', 'connected']);
    expect(b.states).toEqual(['checking', 'connected']);
  });

  it.each<DtlsRole>(['server', 'client'])(
    '[TP14] as %s it refuses a certificate that was not announced',
    async (role) => {
      const [first, second] = [await lab().transport(), await lab().transport()];
      const wire = await lab().wire(first, second);
      const [a, b] = [new LabPeer(first), new LabPeer(second)];
      lab().introduce(a, b, role);
      const wrong = {
        algorithm: 'sha-256',
        value: second.fingerprint.value.replace(/^../, (x) => (x === '00' ? '01' : '00')),
      };
      first.setRemote(a.index, { ice: second.localIce(b.index), fingerprints: [wrong], role });
      await wire.a.check(first.localIce(a.index));
      await wire.b.check(second.localIce(b.index));
      await until(() => a.state === 'failed', 'the refusal');
      expect(a.reasons.join()).toMatch(/fingerprint/);
      expect(a.states).not.toContain('connected');
      expect(b.states).not.toContain('connected');
    },
  );

  it('[TP14] without a fingerprint of a known hash nobody connects', async () => {
    const [first, second] = [await lab().transport(), await lab().transport()];
    const wire = await lab().wire(first, second);
    const [a, b] = [new LabPeer(first), new LabPeer(second)];
    lab().introduce(a, b);
    const weak = { algorithm: 'md5', value: second.fingerprint.value };
    first.setRemote(a.index, { ice: second.localIce(b.index), fingerprints: [weak], role: 'server' });
    await wire.a.check(first.localIce(a.index));
    await wire.b.check(second.localIce(b.index));
    await until(() => a.state === 'failed', 'the refusal');
  });

  it('[TP15] a hello that came before setRemote is kept and answered', async () => {
    const [first, second] = [await lab().transport(), await lab().transport()];
    const wire = await lab().wire(first, second);
    const [a, b] = [new LabPeer(first), new LabPeer(second)];
    let hellos = 0;
    wire.fromB = (data) => {
      // Only the very first one gets through before a knows of b: its repetitions are lost.
      if (a.transport.state(a.index) === 'checking' && remoteUnknown) {
        hellos++;
        return hellos === 1 ? [data] : [];
      }
      return isHandshake(data) && data[13] === 1 && data.readUInt16BE(17) === 0 ? [] : [data];
    };
    let remoteUnknown = true;
    await wire.a.check(first.localIce(a.index));
    setRemote(b, a, 'client');
    await wire.b.check(second.localIce(b.index));
    await until(() => hellos >= 1, 'the first hello');
    // The relay's datagram is behind this check, so that it has arrived.
    await wire.a.check(first.localIce(a.index));
    remoteUnknown = false;
    setRemote(a, b, 'server');
    await until(() => a.state === 'connected' && b.state === 'connected', 'the connection');
  });

  it('[TP16] the handshake survives loss of every third packet, and repetition', async () => {
    let count = 0;
    const { a, b } = await lab().link({}, 'server', (wire) => {
      const lossy = (data: Buffer) => (++count % 3 === 0 ? [] : [data, data]);
      wire.fromA = lossy;
      wire.fromB = lossy;
    });
    expect([a.state, b.state]).toEqual(['connected', 'connected']);
  });

  it('[TP17] a connected peer believes nothing unencrypted', async () => {
    const { a, b, wire } = await lab().link();
    const fatal = Buffer.from('15fefd00000000000000630002022800'.slice(0, 30), 'hex');
    const hello = Buffer.concat([
      Buffer.from('16fefd0000000000000064', 'hex'),
      Buffer.from('00200100001400000000000000', 'hex'),
      Buffer.alloc(19),
    ]);
    const data = Buffer.from('17fefd000000000000006500036162630000'.slice(0, 32), 'hex');
    for (const packet of [fatal, hello, data]) wire.a.send(packet);
    await wire.a.check(a.transport.localIce(a.index));
    expect(a.state).toBe('connected');
    expect(a.data).toEqual([]);
    b.transport.sendData(b.index, Buffer.from('still here'));
    await until(() => a.data.length === 1, 'data');
  });

  it('[TP18] application data passes both ways, once each', async () => {
    const { a, b, wire } = await lab().link();
    wire.fromA = (data) => [data, data];
    wire.fromB = (data) => [data, data];
    for (let i = 0; i < 20; i++) {
      a.transport.sendData(a.index, Buffer.from(`a${i}`));
      b.transport.sendData(b.index, Buffer.alloc(1200, i));
    }
    await until(() => b.data.length >= 20 && a.data.length >= 20, 'data');
    await wire.a.check(a.transport.localIce(a.index));
    await wire.b.check(b.transport.localIce(b.index));
    expect(b.data.map(String)).toEqual(Array.from({ length: 20 }, (_, i) => `a${i}`));
    expect(a.data).toEqual(Array.from({ length: 20 }, (_, i) => Buffer.alloc(1200, i)));
  });

  it('[TP19] a handshake that does not end in time fails; others wait while too many are under way', async () => {
    const first = await lab().transport({ limits: { maxHandshakes: 1, handshakeTimeoutMs: 10_000 } });
    const second = await lab().transport();
    const [stuck, silent] = [new LabPeer(first), new LabPeer(second)];
    setRemote(stuck, silent, 'client');
    const end = await lab().end(first);
    const sent: Buffer[] = [];
    end.onPacket = (data) => sent.push(data);
    await end.check(first.localIce(stuck.index));
    await until(() => sent.length > 0, 'a hello');
    const wire = await lab().wire(first, second);
    const [a, b] = [new LabPeer(first), new LabPeer(second)];
    lab().introduce(a, b);
    await wire.a.check(first.localIce(a.index));
    await wire.b.check(second.localIce(b.index));
    expect(a.state).toBe('checking');
    lab().forward(11_000);
    await until(() => stuck.state === 'failed', 'the time-out');
    // b's own handshake began before the jump of the clock; its limit is a minute.
    await until(() => a.state === 'connected' && b.state === 'connected', 'the next handshake');
  });

  it('[TP20] the identity of a peer cannot change; new ICE parameters can', async () => {
    const { a, b } = await lab().link();
    const stranger = await lab().transport();
    const ice = b.transport.localIce(b.index);
    expect(() => a.transport.setRemote(a.index, { ice, fingerprints: [stranger.fingerprint], role: 'server' })).toThrow(
      /cannot change/,
    );
    expect(() =>
      a.transport.setRemote(a.index, { ice, fingerprints: [b.transport.fingerprint], role: 'client' }),
    ).toThrow(/cannot change/);
    setRemote(a, b, 'server');
    a.sendStream(1);
    await until(() => b.rtp.length === 1, 'media');
  });
}
