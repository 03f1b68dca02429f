/** The two things that a room needs of a phone. */
export type Device = 'camera' | 'microphone';
export const DEVICES: readonly Device[] = ['camera', 'microphone'];
const SCOPES = { camera: 'scope.camera', microphone: 'scope.record' } as const;

export type Grant = 'allowed' | 'refused' | 'not-asked';
export type Grants = Readonly<Record<Device, Grant>>;

/** Whether the privacy guideline still waits for the user's consent, and what WeChat calls it. */
export function readPrivacy(): Promise<{ readonly needed: boolean; readonly name: string }> {
  return new Promise((resolve) => {
    if (!wx.getPrivacySetting) {
      resolve({ needed: false, name: '' });
      return;
    }
    wx.getPrivacySetting({
      success: ({ needAuthorization, privacyContractName }) =>
        resolve({ needed: needAuthorization, name: privacyContractName }),
      // No guideline is declared yet (development): WeChat itself refuses later, with its own words.
      fail: () => resolve({ needed: false, name: '' }),
    });
  });
}

/** Asks WeChat to record the consent (its own sheet comes up when the page's button has not given it). */
export function requirePrivacy(): Promise<boolean> {
  return new Promise((resolve) => {
    if (!wx.requirePrivacyAuthorize) {
      resolve(true);
      return;
    }
    wx.requirePrivacyAuthorize({ success: () => resolve(true), fail: () => resolve(false) });
  });
}

/** Opens WeChat's page with the guideline. */
export function openGuideline(): void {
  wx.openPrivacyContract?.({});
}

/** What the user has allowed so far. */
export function readGrants(): Promise<Grants> {
  return new Promise((resolve) => {
    wx.getSetting({
      success: ({ authSetting }) => resolve(grantsOf(authSetting)),
      fail: () => resolve({ camera: 'not-asked', microphone: 'not-asked' }),
    });
  });
}

/** Asks for one of the two; WeChat asks the user once only, and refuses by itself ever after. */
export function askFor(device: Device): Promise<boolean> {
  return new Promise((resolve) => {
    wx.authorize({ scope: SCOPES[device], success: () => resolve(true), fail: () => resolve(false) });
  });
}

/** WeChat's settings of this mini program: the only way back after a refusal. */
export function openSettings(): Promise<Grants> {
  return new Promise((resolve) => {
    wx.openSetting({
      success: ({ authSetting }) => resolve(grantsOf(authSetting)),
      fail: () => void readGrants().then(resolve),
    });
  });
}

function grantsOf(setting: object): Grants {
  const values = setting as Readonly<Record<string, boolean | undefined>>;
  const grant = (device: Device): Grant => {
    const value = values[SCOPES[device]];
    return value === undefined ? 'not-asked' : value ? 'allowed' : 'refused';
  };
  return { camera: grant('camera'), microphone: grant('microphone') };
}
