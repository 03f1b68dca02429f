import type { LiveRegistry } from '../live/registry.ts';
import type { Pages } from '../pages.ts';
import type { Caller } from '../types.ts';
import type { ApiFactory, WxFunction } from './api.ts';
import { type Device, deviceApi, type PhoneState } from './device.ts';
import { type Consents, privacyApi } from './privacy.ts';
import { type Session, sessionApi } from './session.ts';
import { type Network, networkApi } from './socket.ts';
import { type Storage, storageApi } from './storage.ts';
import { navigationApi, type Overlays, uiApi } from './ui.ts';

export interface WxPorts {
  readonly make: ApiFactory;
  readonly pages: Pages;
  readonly overlays: Overlays;
  readonly network: Network;
  readonly storage: Storage;
  readonly device: Device;
  readonly state: PhoneState;
  readonly consents: Consents;
  readonly session: Session;
  readonly live: LiveRegistry;
  /** Reports a use of what this host does not have. */
  readonly refuse: (message: string) => void;
}

/** Members that code asks every object for, such as promises and printers do. */
const IGNORED = new Set(['then', 'toJSON', 'constructor', 'prototype', '$$typeof', 'nodeType', 'asymmetricMatch']);

/** The global `wx`. A function that is not here is a failure that names it, unless the device is said to lack it. */
export function createWx(ports: WxPorts): Record<string, unknown> {
  const { make, pages, live, device } = ports;
  const api: Record<string, unknown> = {
    ...navigationApi(make, pages),
    ...uiApi(make, ports.overlays, pages),
    ...networkApi(make, ports.network),
    ...storageApi(make, ports.storage),
    ...deviceApi(make, device, ports.state, () => known),
    ...privacyApi(make, ports.consents),
    ...sessionApi(make, ports.session),
    createLivePusherContext: make.sync('createLivePusherContext', () => live.pusherContext(make, () => pages.top)),
    createLivePlayerContext: make.sync('createLivePlayerContext', (id: string, component?: Caller) =>
      live.playerContext(make, id, () => elementOf(component ?? pages.top)),
    ),
    createSelectorQuery: make.sync('createSelectorQuery', () => {
      const top = pages.top as unknown as { createSelectorQuery(): unknown } | null;
      if (top === null) throw new Error('createSelectorQuery: no page is open');
      return top.createSelectorQuery();
    }),
    env: { USER_DATA_PATH: 'wxfile://usr' },
  } satisfies Record<string, WxFunction | unknown>;
  const known: ReadonlySet<string> = new Set([
    ...Object.keys(api),
    'button',
    'input',
    'live-pusher',
    'live-player',
    'web-view',
  ]);
  return new Proxy(api, {
    get(target, name) {
      if (typeof name === 'symbol' || IGNORED.has(name)) return undefined;
      if (device.lacks.includes(name)) return undefined;
      if (name in target) return target[name];
      return () => {
        const message = `wx.${name} is not part of this host`;
        ports.refuse(message);
        throw new Error(message);
      };
    },
    has: (target, name) => typeof name === 'string' && name in target && !device.lacks.includes(name),
  });
}

function elementOf(caller: Caller | null): Element | null {
  return (caller?._$.getBackendElement() ?? null) as unknown as Element | null;
}
