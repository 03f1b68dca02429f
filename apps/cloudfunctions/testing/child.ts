/**
 * Runs built functions as CloudBase does, in a Node.js of any version: bundled for the oldest, started with the folder of the functions,
 * the public key's file and a seed. Writes what each call answered, as JSON.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openEnvironment } from './stand-in/environments.ts';

interface Envelope {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

const [folder = ''] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const { env, service } = openEnvironment({ seed: 1 });
process.env['TCB_ENV'] = env;
process.env['WX_CONTEXT_KEYS'] = 'WX_OPENID';

/** Calls a function as this user does; null: as the timer does. */
async function call(name: string, openId: string | null, event: object = {}): Promise<Envelope> {
  if (openId === null) delete process.env['WX_OPENID'];
  else process.env['WX_OPENID'] = openId;
  const { main } = load(join(folder, name, 'index.js')) as { main(event: object, context: object): Promise<Envelope> };
  return main(event, {});
}

async function run(): Promise<unknown> {
  const answers: Record<string, Envelope> = {};
  const ann = 'oANN0000000000000000000000ann';
  const bob = 'oBOB0000000000000000000000bob';
  const step = async (label: string, ...args: Parameters<typeof call>): Promise<void> => {
    answers[label] = await call(...args);
  };
  await step('create', 'webrtc-create-room', ann, { roomID: 42, roomName: '茶' });
  await step('enter', 'webrtc-enter-room', bob, { roomID: '42' });
  await step('enter again', 'webrtcroom-enter-room', bob, { roomID: '42' });
  await step('info', 'webrtc-get-room-info', bob, { roomID: '42' });
  await step('info by alias', 'webrtcroom-get-room-info', ann, { roomID: '42' });
  await step('list', 'webrtc-get-room-list', ann);
  await step('list by alias', 'webrtcroom-get-room-list', ann, { limit: 1 });
  await step('sign', 'webrtc-sig-api', ann, { roomID: '42' });
  await step('heartbeat', 'webrtc-heartbeat', bob, { roomID: '42' });
  await step('mute', 'webrtc-mute-member', ann, { roomID: '42', memberID: bob, kind: 'audio' });
  await step('kick', 'webrtc-kick-member', ann, { roomID: '42', memberID: bob });
  await step('kicked', 'webrtc-sig-api', bob, { roomID: '42' });
  await step('login', 'webrtc-login', ann, { type: 'guest', name: 'ann' });
  await step('stranger', 'webrtc-get-room-list', null);
  await step('sweep', 'webrtc-sweep', null, { Type: 'Timer', TriggerName: 'webrtc-sweep' });
  await step('quit', 'webrtc-quit-room', ann, { roomID: '42' });
  await step('create 2', 'webrtc-create-room', ann, { roomID: '43' });
  await step('quit by alias', 'webrtcroom-quit-room', ann, { roomID: '43' });
  await step('create 3', 'webrtc-create-room', ann, { roomID: '44' });
  await step('dissolve', 'webrtc-dissolve-room', ann, { roomID: '44' });
  return { node: process.version, answers, left: service.database.documents('webrtcRooms').length };
}

run().then(
  (report) => process.stdout.write(JSON.stringify(report)),
  (error: unknown) => {
    process.stderr.write(String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  },
);
