import { BACKEND } from '../config.ts';
import { type Language, pickLanguage, type Words, wordsOf } from '../i18n/index.ts';
import { type Backend, createBackend } from './backend.ts';
import { type BackendConfig, type ConfigProblem, checkConfig } from './backend-config.ts';
import { type KeyValueStore, systemClock } from './core.ts';
import { wechatCloud } from './wechat/cloud.ts';
import { type Environment, readEnvironment } from './wechat/environment.ts';
import { wechatHttp } from './wechat/http.ts';
import { wechatCredentials } from './wechat/login.ts';
import { wechatStore } from './wechat/storage.ts';

const LANGUAGE = 'lianmai.language';
const USER_NAME = 'lianmai.name';

/** What every page works with; one of it for the whole mini program. */
export class Services {
  readonly environment: Environment;
  readonly store: KeyValueStore;
  readonly configProblem: ConfigProblem | null;
  readonly #config: BackendConfig;
  #backend: Backend | null = null;
  #language: Language;

  constructor(config: BackendConfig, store: KeyValueStore = wechatStore()) {
    this.#config = config;
    this.configProblem = checkConfig(config);
    this.store = store;
    this.environment = readEnvironment();
    this.#language = pickLanguage(store.get(LANGUAGE), this.environment.language);
  }

  get backend(): Backend {
    this.#backend ??= createBackend(this.#config, {
      clock: systemClock,
      store: this.store,
      http: wechatHttp,
      wechatCredentials,
      cloud: wechatCloud,
      guestName: () => this.words.app.guest,
    });
    return this.#backend;
  }

  get language(): Language {
    return this.#language;
  }

  get words(): Words {
    return wordsOf(this.#language);
  }

  /** Switches for now and for the next visits; pages take the new words when they are shown. */
  switchLanguage(): void {
    this.#language = this.#language === 'en' ? 'zh-CN' : 'en';
    this.store.set(LANGUAGE, this.#language);
  }

  /** The name a guest gave the last time. */
  get userName(): string {
    return this.store.get(USER_NAME) ?? '';
  }

  set userName(name: string) {
    this.store.set(USER_NAME, name);
  }
}

let current: Services | null = null;

/** The services of this mini program, made at the first need. */
export function services(): Services {
  current ??= new Services(BACKEND);
  return current;
}

/** For tests: other services, or none made yet. */
export function useServices(replacement: Services | null): void {
  current = replacement;
}
