/**
 * Watches, and where asked bends, what livekit-client does with the network, from outside: the SDK stays as published.
 */
const open = new Set<RTCPeerConnection>();
const signalPaths: string[] = [];
let relayPort = 0;

export const network = {
  peerConnections(): RTCPeerConnection[] {
    for (const connection of open) if (connection.connectionState === 'closed') open.delete(connection);
    return [...open];
  },
  signalPaths: (): readonly string[] => signalPaths,
  /** Sends all media to this UDP port of 127.0.0.1; 0 = where the server says. */
  setRelay(port: number): void {
    relayPort = port;
  },
};

/** `candidate:… udp 2130706431 127.0.0.1 7882 typ host` with another port; candidates that do not suit are dropped. */
function bend(candidate: string): string | null {
  const part = candidate.split(' ');
  if (part[2]?.toLowerCase() !== 'udp' || part[4] !== '127.0.0.1') return null;
  part[5] = String(relayPort);
  return part.join(' ');
}

function bendDescription(sdp: string): string {
  return sdp
    .split('\r\n')
    .flatMap((line) => {
      if (!line.startsWith('a=candidate:')) return [line];
      const bent = bend(line);
      return bent === null ? [] : [bent];
    })
    .join('\r\n');
}

const NativeConnection = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends NativeConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    open.add(this);
  }
  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (relayPort === 0 || description.sdp === undefined) return super.setRemoteDescription(description);
    return super.setRemoteDescription({ type: description.type, sdp: bendDescription(description.sdp) });
  }
  override addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
    if (relayPort === 0 || !candidate?.candidate) return super.addIceCandidate(candidate ?? undefined);
    const bent = bend(candidate.candidate);
    return bent === null ? Promise.resolve() : super.addIceCandidate({ ...candidate, candidate: bent });
  }
};

const NativeSocket = globalThis.WebSocket;
globalThis.WebSocket = class extends NativeSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    signalPaths.push(new URL(url).pathname);
  }
};
