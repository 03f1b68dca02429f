import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { until } from './contract/wire.ts';
import { DtlsAssociation } from './dtls.ts';
import { createCertificate, type DtlsCertificate, matchesFingerprint } from './dtls-certificate.ts';
import { HandshakeReassembly } from './dtls-reassembly.ts';
import { verifyFinished } from './dtls-verify.ts';
import type { SrtpContext } from './srtp.ts';
import { SRTP_PROFILE } from './srtp-keys.ts';

class Side {
  readonly data: string[] = [];
  srtp: SrtpContext | null = null;
  ended: string | null = null;
  connected = false;
}

/** Two associations in memory; `change` sees what the server or the client sends. */
function associate(
  server: DtlsCertificate,
  client: DtlsCertificate,
  change: (from: 'server' | 'client', datagram: Buffer) => Buffer | null = (_from, datagram) => datagram,
) {
  const sides = { server: new Side(), client: new Side() };
  const associations: { server?: DtlsAssociation; client?: DtlsAssociation } = {};
  const make = (role: 'server' | 'client', certificate: DtlsCertificate, other: DtlsCertificate) =>
    new DtlsAssociation({
      role,
      certificate,
      fingerprints: [other.fingerprint],
      send: (datagram) => {
        const sent = change(role, datagram);
        if (sent !== null) {
          setImmediate(() => associations[role === 'server' ? 'client' : 'server']?.receive(Buffer.from(sent)));
        }
      },
      onConnected: (srtp) => {
        sides[role].connected = true;
        sides[role].srtp = srtp;
      },
      onData: (data) => sides[role].data.push(data.toString()),
      onEnded: (reason) => {
        sides[role].ended = reason;
      },
    });
  associations.server = make('server', server, client);
  associations.client = make('client', client, server);
  associations.client.start();
  const close = () => {
    associations.server?.close();
    associations.client?.close();
  };
  return { server: sides.server, client: sides.client, associations, close };
}

describe('DTLS association', () => {
  it('[TP13] both sides end with the same keys, of the GCM profile', async () => {
    const [s, c] = [await createCertificate(), await createCertificate()];
    const { server, client, associations, close } = associate(s, c);
    await until(() => server.connected && client.connected, 'the handshake');
    expect(server.srtp?.profile).toBe(SRTP_PROFILE.aeadAes128Gcm);
    const out = Buffer.alloc(100);
    const size = server.srtp!.protectRtcp(Buffer.from('80c9000100000007', 'hex'), out);
    expect(client.srtp!.unprotectRtcp(out.subarray(0, size), Buffer.alloc(100))).toBe(8);
    associations.server!.send(Buffer.from('to the client'));
    await until(() => client.data.length === 1, 'data');
    expect(client.data).toEqual(['to the client']);
    close();
  });

  it.each(['server', 'client'] as const)(
    '[TP14] a %s that shows an announced certificate but has another key is refused',
    async (thief) => {
      const [s, c, own] = [await createCertificate(), await createCertificate(), await createCertificate()];
      const stolen = (from: DtlsCertificate) => ({ ...from, keyPem: own.keyPem });
      const { server, client, close } = associate(
        thief === 'server' ? stolen(s) : s,
        thief === 'client' ? stolen(c) : c,
      );
      const honest = thief === 'server' ? client : server;
      await until(() => honest.ended !== null, 'the refusal');
      expect(honest.ended).toMatch(/not signed by the certificate/);
      expect(honest.connected).toBe(false);
      close();
    },
  );

  it('[TP17] an unencrypted Finished connects nobody', async () => {
    const [s, c] = [await createCertificate(), await createCertificate()];
    const finished = Buffer.from(`16fefd000000000000000900181400000c000500000000000c${'00'.repeat(12)}`, 'hex');
    let replaced = 0;
    const { server, close } = associate(s, c, (from, datagram) => {
      if (from !== 'client' || datagram[0] !== 22 || datagram[4] !== 1) return datagram;
      replaced++;
      return finished;
    });
    await until(() => replaced > 0, 'the forgery');
    // werift answers a Finished within microtasks; the forgery arrives one turn after it was sent.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(server.connected).toBe(false);
    // Nor does it end the handshake: anybody on the way could have written it.
    expect(server.ended).toBeNull();
    close();
  });

  it('[TP14] Finished must match the transcript, the keys and the side', () => {
    const [secret, transcript] = [Buffer.alloc(48, 3), Buffer.from('every message so far')];
    const hmac = (data: Buffer) => createHmac('sha256', secret).update(data).digest();
    const seed = Buffer.concat([Buffer.from('client finished'), createHash('sha256').update(transcript).digest()]);
    const body = hmac(Buffer.concat([hmac(seed), seed])).subarray(0, 12);
    expect(verifyFinished(body, 'client', secret, transcript)).toBe(true);
    expect(verifyFinished(body, 'server', secret, transcript)).toBe(false);
    expect(verifyFinished(body, 'client', Buffer.alloc(48, 4), transcript)).toBe(false);
    expect(verifyFinished(body, 'client', secret, Buffer.from('something else'))).toBe(false);
    expect(verifyFinished(body.subarray(0, 11), 'client', secret, transcript)).toBe(false);
  });

  it('[TP18] a record that comes twice is read once, a changed one never', async () => {
    const [s, c] = [await createCertificate(), await createCertificate()];
    const { server, client, associations, close } = associate(s, c);
    await until(() => server.connected && client.connected, 'the handshake');
    const records: Buffer[] = [];
    const { server: to } = associations;
    const before = server.data.length;
    // Records are captured by a third party.
    const spy = associate(s, c, (from, datagram) => {
      if (from === 'client' && datagram[0] === 23) records.push(datagram);
      return datagram;
    });
    await until(() => spy.server.connected && spy.client.connected, 'the second handshake');
    spy.associations.client!.send(Buffer.from('once'));
    await until(() => spy.server.data.length === 1, 'data');
    spy.associations.server!.receive(records[0]!);
    // A record of another association has other keys.
    to!.receive(records[0]!);
    const changed = Buffer.from(records[0]!);
    changed[10]! += 5;
    spy.associations.server!.receive(changed);
    expect(spy.server.data).toEqual(['once']);
    expect(server.data.length).toBe(before);
    close();
    spy.close();
  });

  it('[TP14] fingerprints are compared by hash and value', async () => {
    const { fingerprint, certPem } = await createCertificate();
    const der = Buffer.from(certPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(matchesFingerprint(der, [fingerprint])).toBe(true);
    expect(matchesFingerprint(der, [{ algorithm: 'SHA-256', value: fingerprint.value.toLowerCase() }])).toBe(true);
    expect(matchesFingerprint(der, [{ algorithm: 'sha-1', value: fingerprint.value }])).toBe(false);
    expect(matchesFingerprint(der, [{ algorithm: 'sha-256', value: '' }])).toBe(false);
    expect(matchesFingerprint(der, [])).toBe(false);
    expect(matchesFingerprint(Buffer.concat([der, Buffer.of(0)]), [fingerprint])).toBe(false);
  });
});

describe('handshake messages', () => {
  const piece = (seq: number, offset: number, text: string, length: number) => ({
    msg_type: 11,
    length,
    message_seq: seq,
    fragment_offset: offset,
    fragment_length: text.length,
    fragment: Buffer.from(text),
  });

  it('[TP16] pieces in any order, overlapping or repeated, become one message, in order', () => {
    const reassembly = new HandshakeReassembly();
    expect(reassembly.add(piece(1, 0, 'later', 5))).toBe('taken');
    expect(reassembly.take()).toBeNull();
    for (const part of [piece(0, 6, 'world', 11), piece(0, 4, 'o w', 11), piece(0, 0, 'hello', 11)]) {
      expect(reassembly.add(part)).toBe('taken');
    }
    expect(reassembly.take()?.body.toString()).toBe('hello world');
    expect(reassembly.take()?.body.toString()).toBe('later');
    expect(reassembly.add(piece(0, 0, 'hello', 11))).toBe('repeated');
  });

  it('[TP49] what is too long, too far ahead or contradicts itself is refused', () => {
    const reassembly = new HandshakeReassembly();
    expect(reassembly.add(piece(0, 0, 'x', 20_000))).toBe('refused');
    expect(reassembly.add(piece(9, 0, 'x', 1))).toBe('refused');
    expect(reassembly.add(piece(0, 3, 'xyz', 5))).toBe('refused');
    expect(reassembly.add(piece(0, 0, 'ab', 5))).toBe('taken');
    expect(reassembly.add(piece(0, 2, 'cd', 6))).toBe('refused');
  });
});
