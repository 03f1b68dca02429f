import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../../i18n/en.ts';
import { type Services, useServices } from '../../services/services.ts';
import { FakeBackend, settle } from '../../services/testing/fakes.ts';
import { ROUTES } from '../../services/wechat/ui.ts';

type Answer = { readonly success: (result: object) => void };
type Question = 'getPrivacySetting' | 'authorize' | 'getSetting';

/** What the page has of WeChat; a held question waits until the test answers it. */
class Phone {
  readonly log: string[] = [];
  held: Question | null = null;
  #answer = () => {};

  readonly #ask = (question: Question, result: object) => (answer: Answer) => {
    this.log.push(question);
    if (this.held === question) this.#answer = () => answer.success(result);
    else answer.success(result);
  };

  get wx(): object {
    return {
      getPrivacySetting: this.#ask('getPrivacySetting', { needAuthorization: this.privacyNeeded }),
      authorize: this.#ask('authorize', {}),
      getSetting: this.#ask('getSetting', { authSetting: {} }),
      setNavigationBarTitle: () => {},
      setKeepScreenOn: ({ keepScreenOn }: { keepScreenOn: boolean }) => {
        this.log.push(`screen ${keepScreenOn ? 'on' : 'off'}`);
      },
      redirectTo: ({ url }: { url: string }) => this.log.push(`redirect ${url}`),
    };
  }

  privacyNeeded = false;

  async answer(): Promise<void> {
    this.held = null;
    this.#answer();
    await settle();
  }
}

interface RoomPage {
  data: object;
  setData(changes: object, done?: () => void): void;
  selectComponent(): null;
  onLoad(query: object): void;
  onUnload(): void;
}

let template: RoomPage;
let phone: Phone;
let backend: FakeBackend;
let page: RoomPage;

beforeAll(async () => {
  // The page reads its words when it is defined.
  useServices({ words: en, language: 'en' } as unknown as Services);
  vi.stubGlobal('Page', (options: RoomPage) => {
    template = options;
  });
  await import('./room.ts');
});

beforeEach(() => {
  phone = new Phone();
  backend = new FakeBackend();
  const store = { get: () => null, set: () => {} };
  useServices({
    backend,
    words: en,
    language: 'en',
    userName: 'Li',
    store,
    configProblem: null,
  } as unknown as Services);
  // WeChat, too, makes each page from a copy of its options.
  page = { ...template, setData: (_, done) => done?.(), selectComponent: () => null };
});

afterAll(() => {
  vi.unstubAllGlobals();
  useServices(null);
});

async function load(): Promise<void> {
  vi.stubGlobal('wx', phone.wx);
  page.onLoad({ roomID: '77' });
  await settle();
}

describe('[MP14] a page that goes on the way in', () => {
  it('asks, and takes a seat, while it is there', async () => {
    await load();
    expect(phone.log).toEqual(['getPrivacySetting', 'authorize', 'authorize', 'getSetting', 'screen on']);
    expect(backend.count('webrtc-enter-room')).toBe(1);
  });

  it.each(['getPrivacySetting', 'authorize', 'getSetting'] as const)(
    'takes no seat, asks no more and keeps no screen on when it goes during %s',
    async (question) => {
      phone.held = question;
      await load();
      const asked = [...phone.log];
      page.onUnload();
      await phone.answer();
      expect(phone.log).toEqual(asked);
      expect(asked.at(-1)).toBe(question);
      expect(backend.count('webrtc-enter-room')).toBe(0);
    },
  );

  it('leads nobody away who is on another page by then', async () => {
    phone.privacyNeeded = true;
    phone.held = 'getPrivacySetting';
    await load();
    page.onUnload();
    await phone.answer();
    expect(phone.log).toEqual(['getPrivacySetting']);
  });

  it('leads to the page of consent while it is there', async () => {
    phone.privacyNeeded = true;
    await load();
    expect(phone.log).toEqual(['getPrivacySetting', `redirect ${ROUTES.privacy}?roomID=77`]);
  });
});
