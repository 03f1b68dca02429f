import { type MediaEngine, startEngine } from '@lianmai/media';
import { EXIT, ExitError } from '../cli/exit.ts';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { KeyPair } from '../identity/server-key.ts';

/** Starts the embedded engine with our settings. @throws ExitError when its port cannot be bound. */
export async function startMediaEngine(config: Config, api: KeyPair): Promise<MediaEngine> {
  const { media, engine, rooms, tickets, log } = config;
  try {
    return await startEngine({
      keys: { [api.key]: api.secret },
      rtc: {
        port: media.rtcPort,
        announcedAddresses: media.announcedIp,
        maxUnauthenticatedStunPerSecond: engine.stunPerSecond,
        maxHandshakes: engine.handshakes,
      },
      webhooks: { urls: engine.webhookUrls },
      participant: { resumeWindowMs: media.resumeSeconds * 1000 },
      signal: { iceServers: media.iceServers, tokenLifetimeSeconds: Math.max(600, tickets.mediaTokenSeconds) },
      limits: {
        rooms: rooms.maxRooms,
        participants: media.maxParticipants,
        joinsPerAddressPerSecond: media.joinsPerAddressPerSecond,
        participantsPerRoom: engine.participantsPerRoom,
        tracksPerParticipant: engine.tracksPerParticipant,
        metadataBytes: engine.metadataBytes,
        attributesBytes: engine.attributesBytes,
        signalMessageBytes: engine.signalMessageBytes,
        signalMessagesPerSecond: engine.signalMessagesPerSecond,
        sdpLength: engine.sdpLength,
        dataPacketBytes: engine.dataPacketBytes,
      },
      logLevel: log.level === 'info' ? 'warn' : log.level,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const code = errorCode(error);
    if (code === 'EADDRINUSE' || /EADDRINUSE|in use/i.test(message)) {
      throw new ExitError(
        EXIT.port,
        `UDP port ${media.rtcPort} is in use by another program. Stop it, or choose another with --rtc-port.`,
      );
    }
    if (code === 'EACCES' || /EACCES/.test(message)) {
      throw new ExitError(
        EXIT.port,
        `UDP port ${media.rtcPort} may not be opened by this user. Choose another with --rtc-port.`,
      );
    }
    throw new ExitError(EXIT.unavailable, `The media engine cannot start: ${message.split('\n')[0]}`);
  }
}
