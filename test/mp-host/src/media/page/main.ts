import type { LiveBackend } from '../../runtime/live/port.ts';
import { PlayerSession } from './player.ts';
import { PusherSession } from './pusher.ts';

/** The page's half of the media; the bridge's address comes from the driver. */
function media(bridge: string): LiveBackend {
  return {
    pusher: (view) => new PusherSession(view, bridge),
    player: (view) => new PlayerSession(view, bridge),
  };
}

Object.assign(window, { __mpMedia: media });
