import type { RemoteDescription } from '../sdp/parse.ts';
import type { DtlsFingerprint, DtlsRole, IceParameters, PeerIndex, Transport } from '../transport/types.ts';
import { NegotiationError } from './types.ts';

/** What is known of the other end's transport, and what a description may change of it. */
export class RemotePeer {
  readonly #transport: Transport;
  readonly #peer: PeerIndex;
  #ice: IceParameters | null = null;
  #fingerprints: readonly DtlsFingerprint[] = [];
  #role: DtlsRole | null = null;
  #localIce: IceParameters | null = null;

  constructor(transport: Transport, peer: PeerIndex) {
    this.#transport = transport;
    this.#peer = peer;
  }

  /** A description of the other end was applied. */
  get known(): boolean {
    return this.#ice !== null;
  }

  localIce(): IceParameters {
    this.#localIce ??= this.#transport.localIce(this.#peer);
    return this.#localIce;
  }

  /**
   * Our DTLS role after this description. Given the choice we are the server, which picks the SRTP profile.
   *
   * @throws {NegotiationError} when it would change what must stay.
   */
  check(remote: RemoteDescription, type: 'offer' | 'answer'): DtlsRole {
    if (type === 'answer' && remote.setup === 'actpass') throw new NegotiationError('an answer must choose its role');
    const kept = this.#role;
    const role = remote.setup === 'actpass' ? (kept ?? 'server') : remote.setup === 'active' ? 'server' : 'client';
    if (kept !== null && role !== kept) throw new NegotiationError('the DTLS role changed');
    if (this.known && !sameFingerprints(this.#fingerprints, remote.fingerprints)) {
      throw new NegotiationError('the fingerprint changed');
    }
    return role;
  }

  /**
   * Hands the description's transport values on and answers our ICE parameters for it: fresh ones when the other end
   * restarted ICE (RFC 8839 §4.4.1.1.1), else the same as before.
   *
   * @param local ours in the offer that is being answered, if it was our offer.
   */
  apply(remote: RemoteDescription, role: DtlsRole, local?: IceParameters): IceParameters {
    const before = this.#ice;
    const restarted =
      before !== null &&
      (before.usernameFragment !== remote.ice.usernameFragment || before.password !== remote.ice.password);
    if (local !== undefined) this.#localIce = local;
    else if (restarted) this.#localIce = this.#transport.restartIce(this.#peer);
    const same = !restarted && before !== null && sameFingerprints(this.#fingerprints, remote.fingerprints);
    this.#ice = remote.ice;
    this.#fingerprints = remote.fingerprints;
    this.#role = role;
    if (!same) this.#transport.setRemote(this.#peer, { ice: remote.ice, fingerprints: remote.fingerprints, role });
    return this.localIce();
  }
}

function sameFingerprints(a: readonly DtlsFingerprint[], b: readonly DtlsFingerprint[]): boolean {
  const text = (list: readonly DtlsFingerprint[]) =>
    list
      .map(({ algorithm, value }) => `${algorithm} ${value}`)
      .sort()
      .join();
  return text(a) === text(b);
}
