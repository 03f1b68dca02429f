/** What tests of the server on a real socket share. */
import { afterEach } from 'vitest';
import type { RtmpLimits } from '../types.ts';
import { RtmpClient, type RtmpClientOptions } from './client.ts';
import type { HubStream } from './hub.ts';
import { type Served, serve } from './serve.ts';

export interface Scene {
  /** The server of this test; it is closed, and its clients with it, when the test is over. */
  served(): Served;
  started(limits?: Partial<RtmpLimits>, host?: string): Promise<Served>;
  client(more?: Partial<RtmpClientOptions>): Promise<RtmpClient>;
  publisher(name?: string): Promise<RtmpClient>;
  /** The publish of this name. */
  stream(name?: string): HubStream;
  /** Closed with the rest. */
  opened(one: { close(): unknown }): void;
}

export function scene(): Scene {
  const open: { close(): unknown }[] = [];
  let running: Served | null = null;

  function served(): Served {
    if (running === null) throw new Error('no server in this test');
    return running;
  }

  async function client(more: Partial<RtmpClientOptions> = {}): Promise<RtmpClient> {
    const one = await RtmpClient.connect({ host: '127.0.0.1', port: served().server.port, app: 'live', ...more });
    open.push(one);
    return one;
  }

  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    await running?.server.close('shutdown');
    running = null;
  });

  return {
    served,
    async started(limits = {}, host = '127.0.0.1') {
      running = await serve(limits, { host });
      return running;
    },
    client,
    async publisher(name = 'a?t') {
      const one = await client();
      await one.publish(name);
      return one;
    },
    stream(name = 'a') {
      const found = served().hub.streams.find((one) => one.target.stream === name);
      if (found === undefined) throw new Error('no such stream');
      return found;
    },
    opened: (one) => open.push(one),
  };
}

export const frame = (size: number) => new Uint8Array(size).fill(9);
