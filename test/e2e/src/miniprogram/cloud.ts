import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openTestCloud, type TestCloud } from '@lianmai/cloudfunctions/testing';
import { type Bundle, build } from '@lianmai/mp-host/build';
import { FUNCTIONS } from '@lianmai/protocol';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, inject, vi } from 'vitest';
import { waitFor } from '../wait.ts';
import { CloudPhone, type CloudPhoneOptions } from './cloud-phone.ts';
import { MediaRoom } from './media-room.ts';
import { Tencent } from './tencent.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** Seats of a room, and the life of a privateMapKey in seconds: little, so that a test sees the end of both. */
const LIMITS = { capacity: 2, ticketSeconds: 60 } as const;

/** The collection of rooms. */
const ROOMS = 'webrtcRooms';

/** One call of a cloud function, and what it was answered. */
export interface CloudCall {
  readonly openId: string;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly code: number;
}

/** A mini program with cloud functions: the project as it is built, an environment, the media service, phones and the time. */
export class CloudStage {
  readonly calls: CloudCall[] = [];
  readonly #project: string;
  readonly #bundle: Bundle;
  readonly #browser: Browser;
  readonly #phones: CloudPhone[] = [];
  /** Calls of functions that have not been answered. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly cloud: TestCloud;
  readonly tencent: Tencent;
  readonly room: MediaRoom;
  #ahead = 0;

  static async start(): Promise<CloudStage> {
    const project = await mkdtemp(join(tmpdir(), 'lianmai-cloud-'));
    const script = join(ROOT, 'apps/miniprogram/scripts/build.mjs');
    await promisify(execFile)(process.execPath, [script, '--project', project]);
    const settings = JSON.parse(await readFile(join(project, 'project.config.json'), 'utf8')) as {
      readonly miniprogramRoot: string;
      readonly cloudfunctionRoot: string;
    };
    // In the cloud `npm install` puts the SDK there.
    await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'));
    const cloud = openTestCloud({
      folder: join(project, settings.cloudfunctionRoot),
      variables: {
        LIANMAI_DEFAULT_CAPACITY: String(LIMITS.capacity),
        LIANMAI_PRIVATEMAPKEY_SECONDS: String(LIMITS.ticketSeconds),
      },
    });
    const config = { kind: 'cloud', env: 'prod-1a2b3c', sdkAppId: cloud.sdkAppId, media: { kind: 'trtc' } };
    const root = join(project, settings.miniprogramRoot);
    await writeFile(join(root, 'config.js'), `exports.BACKEND = ${JSON.stringify(config)};`);
    const [bundle, tencent, browser] = await Promise.all([
      build({ root }),
      Tencent.start(cloud.sdkAppId, cloud.publicKeyPem),
      chromium.connect(inject('chromiumEndpoint')),
    ]);
    return new CloudStage(project, bundle, browser, cloud, tencent);
  }

  private constructor(project: string, bundle: Bundle, browser: Browser, cloud: TestCloud, tencent: Tencent) {
    this.#project = project;
    this.#bundle = bundle;
    this.#browser = browser;
    this.cloud = cloud;
    this.tencent = tencent;
    this.room = new MediaRoom(tencent);
    const real = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => real() + this.#ahead);
  }

  /** A phone of this user, with the mini program open. */
  async phone(openId: string, options: CloudPhoneOptions = {}): Promise<CloudPhone> {
    const answer = async (name: string, data: unknown) => {
      const event = (data ?? {}) as CloudCall['data'];
      const { result } = await this.cloud.callFunction(openId, { name, data: event });
      this.calls.push({ openId, name, data: event, code: result.code });
      return result;
    };
    const call = (name: string) => (data: unknown) => {
      const answered = answer(name, data);
      this.#underWay.add(answered);
      const done = () => void this.#underWay.delete(answered);
      answered.then(done, done);
      return answered;
    };
    const names = Object.entries(FUNCTIONS).flatMap(([name, { aliases }]) => [name, ...aliases]);
    const functions = Object.fromEntries(names.map((name) => [name, call(name)]));
    const world = { functions, tencentUrl: this.tencent.url };
    const phone = await CloudPhone.open(openId, this.#browser, this.#bundle, world, options);
    this.#phones.push(phone);
    return phone;
  }

  /** How often this user has called a function. */
  count(openId: string, name: string): number {
    return this.answers(openId, name).length;
  }

  /** The codes that this user's calls of a function were answered with. */
  answers(openId: string, name: string): readonly number[] {
    return this.calls.filter((call) => call.openId === openId && call.name === name).map(({ code }) => code);
  }

  /** Time goes on at once, in the cloud and on every phone. */
  async pass(ms: number): Promise<void> {
    this.#ahead += ms;
    const alive = this.#phones.filter((phone) => phone.open);
    await Promise.all(alive.map((phone) => phone.page.clock.fastForward(ms)));
  }

  /** Ten seconds go by, and these phones have told that they are there. */
  async beat(...phones: CloudPhone[]): Promise<void> {
    const before = phones.map(({ openId }) => this.count(openId, 'webrtc-heartbeat'));
    await this.pass(10_000);
    await waitFor(
      'a heartbeat of each phone',
      () => phones.map(({ openId }) => this.count(openId, 'webrtc-heartbeat')),
      (now) => now.every((count, index) => count > (before[index] ?? 0)),
      { timeout: 40_000 },
    );
  }

  /** The documents of the collection that are rooms, as people read them in the console. */
  rooms(): readonly Readonly<Record<string, unknown>>[] {
    return this.cloud.service.database.documents(ROOMS).filter((document) => document['memberCount'] !== 0);
  }

  /** These users have the seats of the one room there is, in this order; none: there is no room. */
  async seated(...members: string[]): Promise<void> {
    const wanted = JSON.stringify(members.length === 0 ? [] : [members]);
    await waitFor(
      `seats of ${members.join(', ') || 'nobody'}`,
      () => JSON.stringify(this.rooms().map((room) => room['members'])),
      (all) => all === wanted,
      { timeout: 40_000 },
    );
  }

  /** Puts every phone away and clears the table. */
  async reset(): Promise<void> {
    const problems: unknown[] = [];
    for (const phone of this.#phones.splice(0)) {
      if (phone.open) await phone.close().catch((error: unknown) => problems.push(error));
    }
    // What phones asked for as they were put away must not meet the next test.
    await Promise.allSettled(this.#underWay);
    const { database } = this.cloud.service;
    database.dropCollection(ROOMS);
    database.createCollection(ROOMS);
    this.calls.length = 0;
    this.tencent.questions.length = 0;
    this.tencent.scripted.length = 0;
    this.room.clear();
    if (problems.length > 0) throw problems[0];
  }

  async close(): Promise<void> {
    vi.restoreAllMocks();
    this.cloud.close();
    await Promise.all([this.tencent.close(), this.#browser.close()]);
    await rm(this.#project, { recursive: true, force: true });
  }
}

/** Makes the stage once a file; phones are put away after each test. */
export function useCloudStage(): () => CloudStage {
  let stage: CloudStage | null = null;
  const theStage = () => {
    if (stage === null) throw new Error('the stage is not up');
    return stage;
  };
  beforeAll(async () => {
    stage = await CloudStage.start();
  }, 90_000);
  afterEach(() => theStage().reset());
  afterAll(() => stage?.close());
  return theStage;
}
