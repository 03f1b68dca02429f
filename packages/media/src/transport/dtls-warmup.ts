import { DtlsAssociation } from './dtls.ts';
import type { DtlsCertificate } from './dtls-certificate.ts';
import type { DtlsRole } from './types.ts';

let done = false;

/**
 * Shakes hands with itself once per process, in memory and beside everything else: the first handshake compiles the
 * curves' code, which would otherwise delay the first caller by several times the usual.
 */
export function warmUp(certificate: DtlsCertificate): void {
  if (done) return;
  done = true;
  const ends = new Map<DtlsRole, DtlsAssociation>();
  let connected = 0;
  const close = () => {
    for (const end of ends.values()) end.close();
  };
  const make = (role: DtlsRole) => {
    const association = new DtlsAssociation({
      role,
      certificate,
      fingerprints: [certificate.fingerprint],
      send: (datagram) => {
        setImmediate(() => ends.get(role === 'server' ? 'client' : 'server')?.receive(Buffer.from(datagram)));
      },
      onConnected: () => {
        if (++connected === 2) close();
      },
      onData: () => {},
      onEnded: close,
    });
    ends.set(role, association);
    return association;
  };
  make('server');
  make('client').start();
}
