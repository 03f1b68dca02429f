/** Hostile signal messages and data: whatever comes, the others are not disturbed. Seeds are kept. */
import { DataPacket, SignalRequest } from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestClient, World } from '../room/testing/world.ts';

/** Seeds that were interesting once stay. */
const SEEDS = [20261121, 1, 42];

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('cam', 'mic', 'TR_x', 'alice', 'bob', '__proto__', ''),
);
const number = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2 ** 31 - 1));
const small = fc.integer({ min: 0, max: 5 });
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 5 });

/** Plausible requests in proto3 JSON, wrong in many ways. */
const plausible = fc.oneof(
  fc.record({
    addTrack: fc.record({
      cid: text,
      name: text,
      type: small,
      source: small,
      sid: text,
      width: small,
      layers: list(fc.record({ quality: small, width: small })),
      simulcastCodecs: list(fc.record({ codec: text, cid: text })),
    }),
  }),
  fc.record({
    offer: fc.record({
      type: text,
      sdp: fc.oneof(text, fc.constantFrom('0 video cam', '0 audio mic\n1 video cam', '1 video', 'bad')),
      id: small,
    }),
  }),
  fc.record({ answer: fc.record({ type: text, sdp: text, id: small }) }),
  fc.record({ mute: fc.record({ sid: text, muted: fc.boolean() }) }),
  fc.record({
    subscription: fc.record({
      trackSids: list(text),
      subscribe: fc.boolean(),
      participantTracks: list(fc.record({ participantSid: text, trackSids: list(text) })),
    }),
  }),
  fc.record({
    trackSetting: fc.record({
      trackSids: list(text),
      disabled: fc.boolean(),
      width: small,
      height: small,
      quality: small,
    }),
  }),
  fc.record({
    subscriptionPermission: fc.record({
      allParticipants: fc.boolean(),
      trackPermissions: list(fc.record({ participantSid: text, allTracks: fc.boolean(), trackSids: list(text) })),
    }),
  }),
  fc.record({
    syncState: fc.record({
      subscription: fc.record({ trackSids: list(text) }),
      trackSidsDisabled: list(text),
      datachannelReceiveStates: list(fc.record({ publisherSid: text, lastSeq: small })),
    }),
  }),
  fc.record({
    updateMetadata: fc.record({ metadata: text, name: text, attributes: fc.dictionary(text, text, { maxKeys: 4 }) }),
  }),
  fc.record({
    simulate: fc.oneof(
      fc.record({ speakerUpdate: number }),
      fc.record({ disconnectSignalOnResume: fc.boolean() }),
      fc.record({ subscriberBandwidth: small }),
    ),
  }),
  fc.record({ updateAudioTrack: fc.record({ trackSid: text, features: list(small) }) }),
  fc.record({ updateVideoTrack: fc.record({ trackSid: text, width: small }) }),
  fc.record({ trickle: fc.record({ candidateInit: text, final: fc.boolean() }) }),
  fc.record({ pingReq: fc.record({ timestamp: small }) }),
  fc.record({ publishDataTrackRequest: fc.record({ name: text, pubHandle: small }) }),
);

function unharmed(world: World, bystander: TestClient): boolean {
  const before = bystander.all('pong').length;
  bystander.send({ case: 'ping', value: 1n });
  return (
    bystander.closed === null && bystander.all('pong').length === before + 1 && world.control.manager.rooms !== null
  );
}

describe('[SG40] hostile messages', () => {
  it.each(SEEDS)('[SG40] plausible ones end at most their sender (seed %i)', async (seed) => {
    const world = new World({ limits: { signalMessagesPerSecond: 1_000_000, joinsPerAddressPerSecond: 1_000_000 } });
    const bystander = await world.join('bystander');
    bystander.publish('video', 'camera');
    let mallory = await world.join('mallory', { grant: { canUpdateOwnMetadata: true } });
    const messages = fc.sample(plausible, { seed, numRuns: 500 });
    for (const message of messages) {
      const frame = SignalRequest.fromJson(JSON.parse(JSON.stringify(message)), {
        ignoreUnknownFields: true,
      }).toBinary();
      mallory.connection.receive(frame);
      if (mallory.closed !== null) mallory = await world.join('mallory', { grant: { canUpdateOwnMetadata: true } });
    }
    world.pass(2_000);
    expect(unharmed(world, bystander)).toBe(true);
    // Whatever was said, it stayed within its limits.
    const info = world.control.manager.get('hall')?.get('mallory');
    expect(info?.publications.size ?? 0).toBeLessThanOrEqual(32);
  });

  it.each(SEEDS)('[SG40] random and damaged bytes end nothing (seed %i)', async (seed) => {
    const world = new World({ limits: { signalMessagesPerSecond: 1_000_000 } });
    const bystander = await world.join('bystander');
    const mallory = await world.join('mallory');
    const damaged = plausible.chain((message) => {
      const bytes = SignalRequest.fromJson(JSON.parse(JSON.stringify(message)), {
        ignoreUnknownFields: true,
      }).toBinary();
      return fc.tuple(fc.nat(Math.max(0, bytes.length - 1)), fc.nat(255)).map(([at, value]) => {
        const copy = new Uint8Array(bytes);
        copy[at] = value;
        return copy;
      });
    });
    for (const bytes of fc.sample(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), { seed, numRuns: 500 })) {
      mallory.connection.receive(bytes);
      mallory.up.sink.onData('reliable', bytes);
      mallory.up.sink.onData('lossy', bytes);
    }
    expect(unharmed(world, bystander)).toBe(true);
    for (const { data } of bystander.down.sent) {
      expect(DataPacket.fromBinary(data).participantIdentity).toBe('mallory');
    }
  });

  it('[SG40] too many and too large ones cost the sender its socket, not its seat', async () => {
    const world = new World({ limits: { signalMessagesPerSecond: 10, signalMessageBytes: 1_000 } });
    const flood = await world.join('flood');
    for (let count = 0; count < 40; count++) flood.send({ case: 'ping', value: 1n });
    expect(flood.closed).not.toBeNull();
    expect(flood.all('pong')).toHaveLength(30);
    const big = await world.join('big');
    big.connection.receive(new Uint8Array(1_001));
    expect(big.closed).not.toBeNull();
    expect(world.control.manager.get('hall')?.size).toBe(2);
  });
});
