import { existsSync } from 'node:fs';
import { type Browser, launch } from 'puppeteer-core';

export function firefoxPath(): string {
  return process.env['FIREFOX_BIN'] ?? '/usr/bin/firefox-esr';
}

export function haveFirefox(): boolean {
  return existsSync(firefoxPath());
}

/**
 * Firefox through WebDriver BiDi, with devices that ask nobody.
 *
 * @param tone Hz of its fake microphone
 */
export function launchFirefox(tone: number): Promise<Browser> {
  return launch({
    browser: 'firefox',
    executablePath: firefoxPath(),
    headless: true,
    // A busy machine takes long to start it.
    timeout: 90_000,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.autoplay.blocking_policy': 0,
      'media.navigator.audio.fake_frequency': tone,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'dom.min_background_timeout_value': 4,
      'dom.timeout.enable_budget_timer_throttling': false,
    },
  });
}
