/** Lowest base library: the privacy interfaces (wx.requirePrivacyAuthorize) are there from it on. */
export const MIN_BASE_LIBRARY = '2.32.3';
/** Lowest iOS whose web-view gives pages camera and microphone. */
export const MIN_IOS_FOR_WEB = '14.3';

export interface Environment {
  readonly baseLibrary: string;
  /** As WeChat says it: `zh_CN`, `en` … */
  readonly language: string | undefined;
  /** Version of iOS, `null` on anything else. */
  readonly iosVersion: string | null;
  /** Whether WeChat has live-pusher here: what it says itself, as not every device does. */
  readonly hasCamera: boolean;
}

/** What runs here. Old clients have none of the newer calls, so each is asked for. */
export function readEnvironment(): Environment {
  try {
    const base = wx.getAppBaseInfo?.() ?? wx.getSystemInfoSync();
    const device = wx.getDeviceInfo?.() ?? wx.getSystemInfoSync();
    const ios = /^ios\s+([0-9.]+)/i.exec(device.system ?? '')?.[1] ?? null;
    return {
      baseLibrary: base.SDKVersion ?? '0',
      language: base.language,
      iosVersion: ios,
      hasCamera: wx.canIUse?.('live-pusher') ?? true,
    };
  } catch {
    return { baseLibrary: '0', language: undefined, iosVersion: null, hasCamera: true };
  }
}

/** Whether a dotted version is this one or later. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  const want = wanted.split('.').map(Number);
  for (let index = 0; index < Math.max(have.length, want.length); index += 1) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (Number.isNaN(difference)) return false;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
