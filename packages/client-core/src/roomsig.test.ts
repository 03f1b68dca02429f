import { roomsigBodySchema, roomsigQuerySchema } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { makeClient, roomsigRefusal } from './testing/fakes.ts';

describe('[CC4] the roomsig request', () => {
  it("has the original's query and body, for FromType 2", async () => {
    const { client, server } = makeClient();
    await expect(client.roomsig(server.signInfo(), '4321')).resolves.toMatchObject({ url: 'ws://media', token: 'jwt' });
    const { request, body, path } = server.calls[0]!;
    expect(path).toBe('/v4/openim/jsonvideoapp');
    const query = Object.fromEntries(new URL(request.url, 'http://server').searchParams);
    expect(roomsigQuerySchema.parse(query)).toMatchObject({
      sdkappid: '1400000001',
      identifier: 'u1',
      usersig: 'sig*-_',
      contenttype: 'json',
    });
    expect(roomsigBodySchema.parse(body)).toMatchObject({
      ReqHead: { Cmd: 1, BusType: 7, GroupId: 4321 },
      ReqBody: { PrivMapEncrypt: 'pmk', FromType: 2 },
    });
  });

  it('reads a failure in either of its two shapes', async () => {
    const { client, server } = makeClient();
    server.replies.set('roomsig', () => ({ json: { ActionStatus: 'FAIL', ErrorCode: -102052, ErrorInfo: 'full' } }));
    await expect(client.roomsig(server.signInfo(), '1')).rejects.toMatchObject({ reason: 'full', code: -102052 });
    server.replies.set('roomsig', () => ({ json: { RspHead: { ErrorCode: -102011, ErrorInfo: 'no' } } }));
    await expect(client.roomsig(server.signInfo(), '1')).rejects.toMatchObject({ reason: 'no-permission' });
    server.replies.set('roomsig', () => roomsigRefusal(-70001));
    await expect(client.roomsig(server.signInfo(), '1')).rejects.toMatchObject({ reason: 'sign-in', code: -70001 });
  });

  it('takes the codec that phones show, and no other', async () => {
    const { client, server } = makeClient();
    const body = { url: 'ws://media', token: 'jwt', expiresAt: 1 };
    for (const [videoCodec, expected] of [
      ['h264', { ...body, videoCodec: 'h264' }],
      ['h266', body],
      [7, body],
      [undefined, body],
    ] as const) {
      const RspBody = { ...body, videoCodec };
      server.replies.set('roomsig', () => ({ json: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody } }));
      await expect(client.roomsig(server.signInfo(), '1')).resolves.toEqual(expected);
    }
  });

  it('refuses a success without a usable body', async () => {
    const { client, server } = makeClient();
    for (const RspBody of [undefined, null, 'x', { url: 'ws://media' }]) {
      server.replies.set('roomsig', () => ({ json: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody } }));
      await expect(client.roomsig(server.signInfo(), '1')).rejects.toMatchObject({ reason: 'server' });
    }
  });
});
