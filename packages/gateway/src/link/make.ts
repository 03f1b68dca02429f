import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { GatewayConfig } from '../config.ts';
import { createInProcessLink } from './in-process/link.ts';
import type { Link } from './types.ts';
import { createWebRtcLink } from './webrtc.ts';

/** The link that the configuration asks for. @param openPort a fresh port to the embedded engine. */
export function makeLink(media: GatewayConfig['media'], openPort: () => Promise<MessagePort>, log: Logger): Link {
  const clock = () => performance.now();
  return media.kind === 'livekit'
    ? createWebRtcLink({ url: media.url, clock, log })
    : createInProcessLink({ openPort, clock, log });
}
