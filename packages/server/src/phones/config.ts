import type { GatewayConfigInput } from '@lianmai/gateway';
import type { Config } from '../config/schema.ts';

/** The gateway's settings, from the server's. `mediaUrl`: signal URL of the LiveKit server; null: the engine in this process. */
export function gatewayConfig(
  config: Config,
  parts: { readonly sdkAppId: number; readonly ticketKey: string; readonly mediaUrl: string | null },
): GatewayConfigInput {
  const { phones } = config;
  const idleMs = phones.idleSeconds * 1000;
  return {
    sdkAppId: parts.sdkAppId,
    ticketKey: parts.ticketKey,
    ticketSeconds: phones.ticketSeconds,
    rtmp: {
      port: phones.rtmpPort,
      host: phones.rtmpHost === '' ? config.http.host : phones.rtmpHost,
      limits: {
        maxConnections: phones.maxConnections,
        maxConnectionsPerAddress: phones.connectionsPerAddress,
        idleMs,
        maxBitsPerSecond: phones.bitsPerSecond,
        maxPublishMs: phones.publishSeconds * 1000,
      },
    },
    media: parts.mediaUrl === null ? { kind: 'in-process' } : { kind: 'livekit', url: parts.mediaUrl },
    broadcast: { maxViewers: phones.viewersPerStream },
    codecs: {
      processes: phones.codecProcesses,
      maxAudioJobs: phones.audioJobs,
      maxBridges: phones.bridges,
      maxVideoJobs: phones.videoJobs,
    },
    phones: {
      maxPhones: phones.maxPhones,
      maxPhonesPerRoom: phones.maxPhonesPerRoom,
      // One promise for every kind of client: so long is a place kept when the network has vanished.
      resumeMs: config.media.resumeSeconds * 1000,
      idleMs,
      chatHistory: phones.chatHistory,
    },
    logLevel: config.log.level === 'info' ? 'warn' : config.log.level,
  };
}
