import { type ApiFactory, Listeners, WxFail, type WxFunction } from './api.ts';

/** What the phone and the client say of themselves; tests change it before or while the mini program runs. */
export interface Device {
  brand: string;
  model: string;
  system: string;
  platform: 'ios' | 'android' | 'devtools' | 'windows' | 'mac' | 'ohos';
  /** Version of the base library. */
  SDKVersion: string;
  /** Version of WeChat. */
  version: string;
  language: string;
  theme: 'light' | 'dark';
  /** Schemas that `canIUse` denies, as `live-pusher` or `button.open-type.agreePrivacyAuthorization`. */
  lacks: string[];
}

export const DEFAULT_DEVICE: Device = {
  brand: 'apple',
  model: 'iPhone 15',
  system: 'iOS 17.4',
  platform: 'ios',
  SDKVersion: '3.8.12',
  version: '8.0.56',
  language: 'zh_CN',
  theme: 'light',
  lacks: [],
};

/** The pill at the upper right, on a screen 375 wide. */
const MENU = { width: 87, height: 32, top: 6, right: 368, bottom: 38, left: 281 };

export interface PhoneState {
  keepScreenOn: boolean;
  clipboard: string;
  vibrations: number;
  updateReady: boolean;
}

export function deviceApi(
  make: ApiFactory,
  device: Device,
  state: PhoneState,
  known: () => ReadonlySet<string>,
): Record<string, WxFunction> {
  const theme = new Listeners<{ readonly theme: string }>();
  const screen = () => {
    const { clientWidth, clientHeight } = document.documentElement;
    const width = clientWidth || 375;
    const height = clientHeight || 812;
    return {
      pixelRatio: devicePixelRatio || 2,
      screenWidth: width,
      screenHeight: height,
      windowWidth: width,
      windowHeight: height,
      statusBarHeight: 0,
      safeArea: { left: 0, top: 0, right: width, bottom: height, width, height },
      screenTop: 0,
    };
  };
  const base = () => {
    const { SDKVersion, version, language, theme: name } = device;
    return {
      SDKVersion,
      version,
      language,
      theme: name,
      enableDebug: false,
      host: { env: 'WeChat' },
      fontSizeSetting: 16,
    };
  };
  const hardware = () => {
    const { brand, model, system, platform } = device;
    return { brand, model, system, platform, benchmarkLevel: 40, abi: 'arm64', deviceAbi: 'arm64', cpuType: '' };
  };
  const all = () => ({ ...screen(), ...base(), ...hardware() });
  return {
    getSystemInfo: make.async('getSystemInfo', all),
    getSystemInfoAsync: make.async('getSystemInfoAsync', all),
    getSystemInfoSync: make.sync('getSystemInfoSync', all),
    getWindowInfo: make.sync('getWindowInfo', screen),
    getDeviceInfo: make.sync('getDeviceInfo', hardware),
    getAppBaseInfo: make.sync('getAppBaseInfo', base),
    getSystemSetting: make.sync('getSystemSetting', () => ({
      bluetoothEnabled: true,
      locationEnabled: true,
      wifiEnabled: true,
    })),
    getMenuButtonBoundingClientRect: make.sync('getMenuButtonBoundingClientRect', () => ({ ...MENU })),
    getAccountInfoSync: make.sync('getAccountInfoSync', () => ({
      miniProgram: { appId: 'wx0000000000000000', envVersion: 'develop', version: '' },
      plugin: {},
    })),
    canIUse: make.sync('canIUse', (schema: string) => {
      if (device.lacks.some((one) => schema === one || schema.startsWith(`${one}.`))) return false;
      return known().has(schema.split('.')[0] ?? '');
    }),
    setKeepScreenOn: make.async<{ keepScreenOn: boolean }>('setKeepScreenOn', ({ keepScreenOn }) => {
      state.keepScreenOn = keepScreenOn;
    }),
    setInnerAudioOption: make.async('setInnerAudioOption', () => {}),
    vibrateShort: make.async('vibrateShort', () => {
      state.vibrations += 1;
    }),
    vibrateLong: make.async('vibrateLong', () => {
      state.vibrations += 1;
    }),
    setClipboardData: make.async<{ data: string }>('setClipboardData', ({ data }) => {
      if (typeof data !== 'string') throw new WxFail('parameter error: data should be a String');
      state.clipboard = data;
    }),
    getClipboardData: make.async('getClipboardData', () => ({ data: state.clipboard })),
    onThemeChange: theme.on as WxFunction,
    offThemeChange: theme.off as WxFunction,
    getUpdateManager: make.sync('getUpdateManager', () => ({
      onCheckForUpdate: (run: (result: object) => void) =>
        void queueMicrotask(() => run({ hasUpdate: state.updateReady })),
      onUpdateReady: (run: () => void) => {
        if (state.updateReady) queueMicrotask(run);
      },
      onUpdateFailed() {},
      applyUpdate: () => make.note('applyUpdate', {}),
    })),
  };
}
