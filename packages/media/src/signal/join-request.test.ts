import { gzipSync } from 'node:zlib';
import {
  AddTrackRequest,
  ClientInfo,
  JoinRequest,
  WrappedJoinRequest,
  WrappedJoinRequest_Compression,
} from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrap } from '../room/testing/world.ts';
import { parseJoin } from './join-request.ts';

const LIMITS = { joinRequestBytes: 100_000, tracksPerParticipant: 8 };
const parse = (query: Record<string, string>, required = true) =>
  parseJoin(new URLSearchParams(query), required, LIMITS);

function gzipped(join: JoinRequest): string {
  const wrapped = new WrappedJoinRequest({
    compression: WrappedJoinRequest_Compression.GZIP,
    joinRequest: gzipSync(join.toBinary()),
  });
  return Buffer.from(wrapped.toBinary()).toString('base64url');
}

describe('[SG3] join requests', () => {
  it('[SG3] are read plain and compressed, with and without padding', () => {
    const join = new JoinRequest({ reconnect: true, participantSid: 'PA_x', metadata: 'm' });
    for (const text of [wrap(join), gzipped(join), `${wrap(join)}==`.replace(/(==)+$/, '==')]) {
      const result = parse({ join_request: text });
      expect(result).toMatchObject({
        ok: true,
        parameters: { singleConnection: true, reconnect: true, participantSid: 'PA_x' },
      });
    }
  });

  it('[SG3] a bomb is stopped at the limit while it inflates', () => {
    const bomb = new WrappedJoinRequest({
      compression: WrappedJoinRequest_Compression.GZIP,
      joinRequest: gzipSync(Buffer.alloc(50_000_000)),
    });
    const result = parse({ join_request: Buffer.from(bomb.toBinary()).toString('base64url') });
    expect(result).toEqual({ ok: false, reason: 'join request too large' });
  });

  it('[SG3] /rtc/v1 needs one, /rtc takes the classic query with its defaults', () => {
    expect(parse({})).toEqual({ ok: false, reason: 'join_request is required' });
    const classic = parse(
      { sdk: 'js', protocol: '16', attributes: Buffer.from('{"a":"b"}').toString('base64url') },
      false,
    );
    expect(classic).toMatchObject({
      ok: true,
      parameters: { singleConnection: false, autoSubscribe: true, reconnect: false, attributes: { a: 'b' } },
    });
    expect(parse({ auto_subscribe: '0', reconnect: '1', sid: 'PA_1' }, false)).toMatchObject({
      parameters: { autoSubscribe: false, reconnect: true, participantSid: 'PA_1' },
    });
  });

  it('[SG3] what cannot be read is refused with a reason', () => {
    for (const text of ['!', '%%%', Buffer.from([18, 9, 1]).toString('base64url')]) {
      expect(parse({ join_request: text })).toMatchObject({ ok: false });
    }
    const many = new JoinRequest({ addTrackRequests: Array.from({ length: 9 }, () => new AddTrackRequest()) });
    expect(parse({ join_request: wrap(many) })).toMatchObject({ ok: false });
    expect(parse({ attributes: 'bm90IGpzb24' }, false)).toEqual({ ok: false, reason: 'cannot decode attributes' });
  });

  it('[SG40] what is told of the client to others is bounded', () => {
    const clientInfo = new ClientInfo({
      browser: 'x'.repeat(10_000),
      os: 'linux',
      capabilities: Array.from({ length: 10_000 }, (_, index) => index % 50),
    });
    const result = parse({ join_request: wrap(new JoinRequest({ clientInfo })) });
    if (!result.ok) throw new Error(result.reason);
    expect(result.parameters.client.os).toBe('linux');
    expect(result.parameters.client.browser).toHaveLength(256);
    expect(result.parameters.client.capabilities).toHaveLength(32);
  });

  it('[SG40] no bytes make it throw (seed 20261121)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, gzip) => {
        const wrapped = new WrappedJoinRequest({
          compression: gzip ? WrappedJoinRequest_Compression.GZIP : WrappedJoinRequest_Compression.NONE,
          joinRequest: gzip ? gzipSync(bytes) : bytes,
        });
        for (const raw of [bytes, wrapped.toBinary()]) {
          const result = parse({ join_request: Buffer.from(raw).toString('base64url') });
          expect(typeof result.ok).toBe('boolean');
        }
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });
});
