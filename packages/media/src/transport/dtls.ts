import { DtlsClient, DtlsServer } from 'werift';
import { type DtlsCertificate, ECDSA_SHA256 } from './dtls-certificate.ts';
import { HandshakeGuard } from './dtls-handshake.ts';
import {
  buildRecord,
  CONTENT,
  DTLS_1_2,
  RECORD_HEADER,
  recordEpoch,
  recordLength,
  recordSequence,
  recordType,
} from './dtls-records.ts';
import { ReplayWindow } from './replay-window.ts';
import { SrtpContext } from './srtp.ts';
import { MASTER_KEY_BYTES, masterSaltBytes, SRTP_PROFILES } from './srtp-keys.ts';
import type { DtlsFingerprint, DtlsRole } from './types.ts';

export interface DtlsOptions {
  readonly role: DtlsRole;
  readonly certificate: DtlsCertificate;
  readonly fingerprints: readonly DtlsFingerprint[];
  readonly send: (datagram: Buffer) => void;
  /** Once, when the other end proved itself. `srtp` is null when it offered no profile of ours: data only. */
  readonly onConnected: (srtp: SrtpContext | null) => void;
  readonly onData: (data: Buffer) => void;
  /** Once, at most; nothing is called afterwards. `closed` = by the other end's alert. */
  readonly onEnded: (reason: string) => void;
}

const ALERT = { closeNotify: 0, handshakeFailure: 40 } as const;
/** Encrypted records that overtook the end of the handshake. */
const MAX_EARLY = 16;
const MAX_PLAINTEXT = 16384;
/** AES-GCM of TLS 1.2: explicit nonce and tag. */
const MIN_SEALED = 24;

/**
 * One DTLS 1.2 association. werift does the handshake; this class guards it, keeps the record layer of application data
 * itself (replay window, one sequence of record numbers) and lets nothing of werift's types out.
 */
export class DtlsAssociation {
  readonly #options: DtlsOptions;
  readonly #socket: DtlsClient | DtlsServer;
  readonly #guard: HandshakeGuard;
  readonly #replay = new ReplayWindow();
  readonly #transport;
  #early: Buffer[] = [];
  #state: 'handshake' | 'connected' | 'ended' = 'handshake';
  /** Next record number of epoch 1, above that of Finished, so that no nonce is used twice. */
  #nextRecord = 1;

  constructor(options: DtlsOptions) {
    this.#options = options;
    const transport = {
      type: 'udp',
      address: { address: '0.0.0.0', port: 0, family: 'IPv4' },
      closed: false,
      onData: (_data: Buffer): void => {},
      send: (datagram: Buffer): Promise<void> => {
        this.#sendFlight(datagram);
        return Promise.resolve();
      },
      close: (): Promise<void> => Promise.resolve(),
    };
    this.#transport = transport;
    const shared = {
      transport,
      cert: options.certificate.certPem,
      key: options.certificate.keyPem,
      signatureHash: ECDSA_SHA256,
      certificateRequest: true,
      extendedMasterSecret: true,
      srtpProfiles: [...SRTP_PROFILES],
    };
    // CertificateRequest is the server's to ask; as a client we answer it when it comes.
    this.#socket =
      options.role === 'server' ? new DtlsServer(shared) : new DtlsClient({ ...shared, certificateRequest: false });
    this.#guard = new HandshakeGuard(this.#socket, options.role, options.fingerprints, (reason) => {
      this.#end(reason);
    });
    this.#socket.onConnect.subscribe(() => {
      this.#connected();
    });
    this.#socket.onError.subscribe((error) => {
      this.#end(`handshake: ${error.message}`);
    });
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  /** As client: sends the first flight. As server: waits for it. */
  start(): void {
    if (this.#socket instanceof DtlsClient) {
      this.#socket.connect().catch(() => {
        if (this.#state === 'handshake') this.#end('handshake: no answer');
      });
    }
  }

  /** One datagram of an address that ICE validated. */
  receive(datagram: Buffer): void {
    let at = 0;
    while (at < datagram.length && this.#state !== 'ended') {
      const length = recordLength(datagram, at);
      if (length === 0) return;
      this.#receiveRecord(datagram.subarray(at, at + length));
      at += length;
    }
  }

  /** Sends application data; dropped when not connected. */
  send(data: Uint8Array): void {
    if (this.#state === 'connected') this.#sendSealed(CONTENT.applicationData, data);
  }

  /** Sends close_notify and ends without calling anybody. */
  close(): void {
    if (this.#state === 'connected') this.#sendSealed(CONTENT.alert, Uint8Array.of(1, ALERT.closeNotify));
    this.#stop();
  }

  #receiveRecord(record: Buffer): void {
    const type = recordType(record);
    const epoch = recordEpoch(record);
    if (epoch === 0) {
      // Nothing unencrypted is believed any more: a spoofed hello or alert must not end an association.
      if (this.#state === 'connected') return;
      if (type === CONTENT.handshake || type === CONTENT.changeCipherSpec) this.#handshake(record, 0);
      else if (type === CONTENT.alert && record[RECORD_HEADER] === 2) {
        this.#end(`alert ${record[RECORD_HEADER + 1]} during the handshake`);
      }
      return;
    }
    if (epoch !== 1) return;
    if (type === CONTENT.handshake && this.#hasKeys()) {
      this.#handshake(record, 1);
      return;
    }
    if (this.#state !== 'connected') {
      if (this.#early.length < MAX_EARLY) this.#early.push(Buffer.from(record));
      return;
    }
    this.#receiveSealed(type, record);
  }

  #handshake(record: Buffer, epoch: number): void {
    const hadKeys = this.#hasKeys();
    this.#guard.epoch = epoch;
    this.#transport.onData(record);
    if (!hadKeys && this.#hasKeys()) this.#replayEarly();
  }

  #receiveSealed(type: number, record: Buffer): void {
    const sequence = recordSequence(record);
    if (record.length < RECORD_HEADER + MIN_SEALED || !this.#replay.isFresh(sequence)) return;
    let plain: Buffer;
    try {
      plain = this.#socket.cipher.cipher.decrypt(this.#socket.sessionType, record.subarray(RECORD_HEADER), {
        type,
        version: DTLS_1_2,
        epoch: 1,
        sequenceNumber: sequence,
      });
    } catch {
      return;
    }
    this.#replay.commit(sequence);
    if (type === CONTENT.applicationData) this.#options.onData(plain);
    else if (type === CONTENT.alert && plain.length >= 2 && (plain[0] === 2 || plain[1] === ALERT.closeNotify)) {
      this.#end(plain[1] === ALERT.closeNotify ? 'closed by the other end' : `alert ${plain[1]}`);
    }
  }

  #hasKeys(): boolean {
    return this.#socket.cipher.cipher !== undefined && this.#socket.cipher.cipher !== null;
  }

  #connected(): void {
    if (this.#state !== 'handshake') return;
    if (!this.#guard.verified) {
      this.#end('handshake ended without proof');
      return;
    }
    this.#state = 'connected';
    this.#options.onConnected(this.#exportSrtp());
    this.#replayEarly();
  }

  #replayEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const record of early) if (this.#state !== 'ended') this.#receiveRecord(record);
  }

  #exportSrtp(): SrtpContext | null {
    const profile = SRTP_PROFILES.find((known) => known === this.#socket.srtp.srtpProfile);
    if (profile === undefined) return null;
    const saltBytes = masterSaltBytes(profile);
    const material = this.#socket.exportKeyingMaterial('EXTRACTOR-dtls_srtp', 2 * (MASTER_KEY_BYTES + saltBytes));
    // RFC 5764 §4.2: client key, server key, client salt, server salt.
    const key = (i: number) => material.subarray(i * MASTER_KEY_BYTES, (i + 1) * MASTER_KEY_BYTES);
    const salts = 2 * MASTER_KEY_BYTES;
    const salt = (i: number) => material.subarray(salts + i * saltBytes, salts + (i + 1) * saltBytes);
    const client = { key: key(0), salt: salt(0) };
    const server = { key: key(1), salt: salt(1) };
    return this.#options.role === 'client'
      ? new SrtpContext(profile, client, server)
      : new SrtpContext(profile, server, client);
  }

  #sendSealed(type: number, data: Uint8Array): void {
    if (data.length > MAX_PLAINTEXT) return;
    const sequence = this.#nextRecord++;
    const sealed = this.#socket.cipher.cipher.encrypt(
      this.#socket.sessionType,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      { type, version: DTLS_1_2, epoch: 1, sequenceNumber: sequence },
    );
    this.#options.send(buildRecord(type, 1, sequence, sealed));
  }

  #sendFlight(datagram: Buffer): void {
    if (this.#state === 'ended') return;
    for (let at = 0; at < datagram.length; ) {
      const length = recordLength(datagram, at);
      if (length === 0) break;
      const record = datagram.subarray(at, at + length);
      if (recordEpoch(record) === 1) this.#nextRecord = Math.max(this.#nextRecord, recordSequence(record) + 1);
      at += length;
    }
    this.#options.send(datagram);
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return;
    const handshake = this.#state === 'handshake';
    if (handshake) {
      // A number far above those of the flights: it repeats none of them.
      this.#options.send(buildRecord(CONTENT.alert, 0, 2 ** 24, Uint8Array.of(2, ALERT.handshakeFailure)));
    }
    this.#stop();
    this.#options.onEnded(reason);
  }

  #stop(): void {
    this.#state = 'ended';
    this.#early = [];
    this.#transport.closed = true;
    this.#transport.onData = () => {};
    // werift's retransmission loops look at this number and end.
    this.#socket.dtls.flight = Number.MAX_SAFE_INTEGER;
    this.#socket.onConnect.allUnsubscribe();
    this.#socket.onError.allUnsubscribe();
    this.#socket.onData.allUnsubscribe();
  }
}
