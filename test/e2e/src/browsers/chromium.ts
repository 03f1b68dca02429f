import { existsSync } from 'node:fs';

/** Debian's Chromium; `CHROMIUM_BIN` names another. */
export function chromiumPath(): string {
  return process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
}

export function haveChromium(): boolean {
  return existsSync(chromiumPath());
}

/** Switches for every Chromium here: media without questions, no timers slowed down, nothing phoned home. */
export const CHROMIUM_ARGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--mute-audio',
];
