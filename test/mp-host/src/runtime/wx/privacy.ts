import { type ApiFactory, WxFail, type WxFunction } from './api.ts';

type Resolve = (answer: {
  readonly event: 'exposureAuthorization' | 'agree' | 'disagree';
  readonly buttonId?: string;
}) => void;
type NeedListener = (resolve: Resolve, info: { readonly referrer: string }) => void;

/** Consents: the user's to single scopes, and to the privacy guideline. */
export class Consents {
  /** Scopes that the user was asked about; what is not here was never asked. */
  readonly scopes: Record<string, boolean> = {};
  /** What the user answers when asked for a scope that is not in `scopes`. */
  answer = true;
  /** What the user sets in the page of settings. */
  settingsChange: Record<string, boolean> = {};
  /** The guideline still has to be agreed to. */
  privacyNeeded = false;
  contractName = '《小程序用户隐私保护指引》';
  #need: NeedListener | null = null;
  #waiting: ((agreed: boolean) => void)[] = [];

  /** Asks for a scope as an interface does that needs it. */
  async request(scope: string): Promise<boolean> {
    await this.requirePrivacy(scope);
    this.scopes[scope] ??= this.answer;
    return this.scopes[scope] ?? false;
  }

  /** Resolves when the guideline is agreed to; throws `WxFail` when the user does not. */
  async requirePrivacy(referrer: string): Promise<void> {
    if (!this.privacyNeeded) return;
    const need = this.#need;
    if (need === null) throw new WxFail('privacy permission is not authorized', { errno: 104 });
    const agreed = await new Promise<boolean>((resolve) => {
      this.#waiting.push(resolve);
      need(
        ({ event }) => {
          if (event !== 'exposureAuthorization') this.#settle(event === 'agree');
        },
        { referrer },
      );
    });
    if (!agreed) throw new WxFail('privacy permission is not authorized', { errno: 104 });
  }

  /** A tap on `<button open-type="agreePrivacyAuthorization">`. */
  agree(): void {
    this.#settle(true);
  }

  onNeed(run: NeedListener): void {
    this.#need = run;
  }

  #settle(agreed: boolean): void {
    if (agreed) this.privacyNeeded = false;
    for (const resolve of this.#waiting.splice(0)) resolve(agreed);
  }
}

export function privacyApi(make: ApiFactory, consents: Consents): Record<string, WxFunction> {
  const settings = () => ({ authSetting: { ...consents.scopes } });
  return {
    getSetting: make.async('getSetting', settings),
    openSetting: make.async('openSetting', () => {
      Object.assign(consents.scopes, consents.settingsChange);
      return settings();
    }),
    authorize: make.async<{ scope: string }>('authorize', async ({ scope }) => {
      if (!(await consents.request(scope))) throw new WxFail('auth deny', { errno: 103 });
    }),
    getPrivacySetting: make.async('getPrivacySetting', () => ({
      needAuthorization: consents.privacyNeeded,
      privacyContractName: consents.contractName,
    })),
    requirePrivacyAuthorize: make.async('requirePrivacyAuthorize', async () =>
      consents.requirePrivacy('requirePrivacyAuthorize'),
    ),
    onNeedPrivacyAuthorization: make.sync('onNeedPrivacyAuthorization', (run: NeedListener) => consents.onNeed(run)),
    openPrivacyContract: make.async('openPrivacyContract', () => {}),
  };
}
