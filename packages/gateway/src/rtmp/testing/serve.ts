import { createRtmpServer } from '../server.ts';
import type { RtmpLimits, RtmpServer, RtmpServerOptions } from '../types.ts';
import { Hub } from './hub.ts';
import { LIMITS } from './limits.ts';

export interface Served {
  readonly server: RtmpServer;
  readonly hub: Hub;
  readonly troubles: string[];
  /** Moves the server's clock. */
  advance(ms: number): void;
  url(name: string): string;
}

/** A server on a free port with the hub behind it, on a clock that stands still until it is moved. */
export async function serve(
  limits: Partial<RtmpLimits> = {},
  more: Partial<Pick<RtmpServerOptions, 'observe' | 'host'>> = {},
): Promise<Served> {
  const hub = new Hub();
  const troubles: string[] = [];
  let now = 0;
  const server = await createRtmpServer({
    port: 0,
    host: '127.0.0.1',
    limits: { ...LIMITS, ...limits },
    doors: hub,
    clock: () => now,
    onTrouble: (_address, sentence) => troubles.push(sentence),
    ...more,
  });
  return {
    server,
    hub,
    troubles,
    advance: (ms) => {
      now += ms;
    },
    url: (name) => `rtmp://127.0.0.1:${server.port}/live/${name}`,
  };
}
