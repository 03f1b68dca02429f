import { startGateway } from '@lianmai/gateway';
import type { StartGateway } from './service.ts';

/** The gateway in a worker of its own; it takes part in the engine's rooms in process, in a LiveKit server's over WebRTC. */
export const startGatewayWorker: StartGateway = (config, host, engine) =>
  startGateway(config, { host, ...(engine === null ? {} : { openEnginePort: () => engine.openLocal() }) });
