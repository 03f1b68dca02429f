import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Rgb } from '../harness-api.ts';
import { COLORS, TONES } from '../palette.ts';
import { OpenApiCheck } from '../product/openapi.ts';
import { Person, type Publisher } from '../product/person.ts';
import { type Product, startProduct } from '../product/server.ts';
import { undoAll } from '../undo.ts';
import { Phone } from './phone.ts';

/** What a test file about phones gets: one running product, a browser, and phones that are closed after each test. */
export interface PhoneStage {
  readonly product: Product;
  /** Red, 500 Hz. */
  readonly anna: Person;
  phone(name: string): Promise<Phone>;
  /** Something to be undone after this test. */
  cleanUp(undo: () => unknown): void;
}

/** Picture and tone that a phone pushes in these tests. */
export const PUSHED = { color: COLORS.green, tone: TONES.c } as const;
export const OTHER = { color: COLORS.blue, tone: TONES.d } as const;

/** @param browser whether the file needs Anna. */
export function usePhoneStage(
  settings: Readonly<Record<string, string>> = {},
  { browser = true }: { readonly browser?: boolean } = {},
): PhoneStage {
  let product: Product | null = null;
  let anna: Person | null = null;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    product = await startProduct(settings);
    if (!browser) return;
    const openApi = await OpenApiCheck.load(product.httpUrl);
    anna = await Person.arrive(product.httpUrl, openApi, { name: 'Anna', color: COLORS.red, tone: TONES.a });
  }, 120_000);
  afterEach(async () => {
    await undoAll(undo.splice(0));
  });
  afterAll(async () => {
    await anna?.leave();
    await product?.close();
  });

  function need<T>(value: T | null): T {
    if (value === null) throw new Error('the stage is not up');
    return value;
  }

  return {
    get product() {
      return need(product);
    },
    get anna() {
      return need(anna);
    },
    async phone(name) {
      const phone = await Phone.arrive(need(product), name);
      undo.push(() => phone.close());
      return phone;
    },
    cleanUp: (step) => void undo.push(step),
  };
}

/** A phone's picture and sound, for a browser that looks and listens. */
export function asPublisher(phone: Phone, { color, tone }: { color: Rgb; tone: number } = PUSHED): Publisher {
  return { name: phone.name, color, tone, identity: async () => phone.userId };
}

let lastRoom = 50_000;

/** A room number that no other test of the file has used. */
export function freshRoom(): string {
  lastRoom += 1;
  return String(lastRoom);
}
