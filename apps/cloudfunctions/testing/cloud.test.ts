import type { SignInfo } from '@lianmai/protocol';
import { verifyUserSig } from '@lianmai/tickets';
import { afterEach, expect, it } from 'vitest';
import { openTestCloud, type TestCloud } from './cloud.ts';

let opened: TestCloud | null = null;
afterEach(() => opened?.close());

it('[CB9] a test can be a mini program in front of the functions, one of several users', async () => {
  const cloud = openTestCloud();
  opened = cloud;
  const event = { roomID: 42, roomName: undefined };
  const { result, errMsg } = await cloud.callFunction('oANN', { name: 'webrtcroom-enter-room', data: event });
  expect([result.code, errMsg]).toEqual([0, 'cloud.callFunction:ok']);
  const { signInfo } = result.data as { signInfo: SignInfo };
  const expected = { key: cloud.publicKeyPem, sdkAppId: cloud.sdkAppId, userId: 'oANN' };
  expect(verifyUserSig(signInfo.userSig, expected)).toMatchObject({ ok: true });
  const both = ['oBOB', 'oCAT'].map((who) => cloud.callFunction(who, { name: 'webrtc-enter-room', data: event }));
  expect((await Promise.all(both)).map((one) => one.result.code)).toEqual([0, 0]);
  expect(cloud.service.database.documents('webrtcRooms')[0]?.['members']).toHaveLength(3);
  expect(await cloud.sweep()).toMatchObject({ code: 0, data: { seats: 0, rooms: 0 } });
  await expect(cloud.callFunction('oANN', { name: 'no-such' })).rejects.toMatchObject({ errCode: -501000 });
  expect(cloud.log).toEqual([]);
});
