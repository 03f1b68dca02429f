import { describe, expect, it } from 'vitest';
import { sumOf } from '../src/client.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();

async function pair(room = newRoom()) {
  const anna = await stage.join({ room, identity: 'anna' });
  const ben = await stage.join({ room, identity: 'ben' });
  return { room, anna, ben };
}

describe('what is published is decoded', () => {
  it.each([
    ['VP8', 'vp8'],
    ['H.264', 'h264'],
  ] as const)('camera in %s', async (name, codec) => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.green, codec });
    await ben.expectPicture('anna', COLORS.green);
    const rows = await ben.call('stats');
    const inbound = rows.filter((row) => row.type === 'inbound-rtp' && row.kind === 'video' && row.codec !== '');
    expect(inbound.map((row) => row.codec)).toContain(`video/${name.replace('.', '')}`);
  });

  it.each([
    ['VP9', 'vp9'],
    ['AV1', 'av1'],
  ] as const)('camera in %s passes', async (_name, codec) => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.green, codec });
    await ben.expectPicture('anna', COLORS.green);
  });

  it('microphone in Opus', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishAudio', { tone: TONES.c });
    await ben.expectTone('anna', TONES.c);
    const rows = await ben.call('stats');
    expect(rows.find((row) => row.type === 'inbound-rtp' && row.kind === 'audio')?.codec).toMatch(/opus|red/i);
  });

  it('screen share beside the camera, each with its own picture', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.red });
    await anna.call('publishVideo', { color: COLORS.yellow, source: 'screen_share', width: 640, height: 360 });
    await ben.expectPicture('anna', COLORS.red);
    const screen = await ben.expectPicture('anna', COLORS.yellow, { source: 'screen_share' });
    expect(screen.width).toBe(640);
    const sources = (await ben.sees('anna'))?.tracks.map((track) => track.source).sort();
    expect(sources).toEqual(['camera', 'screen_share']);
  });

  it('a late joiner sees the picture and hears the tone', async () => {
    const { room, anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.cyan });
    await anna.call('publishAudio', { tone: TONES.d });
    await ben.expectPicture('anna', COLORS.cyan);
    const late = await stage.join({ room, identity: 'late' });
    await late.expectPicture('anna', COLORS.cyan);
    await late.expectTone('anna', TONES.d);
  });
});

describe('simulcast', () => {
  it.each(['vp8', 'h264'] as const)(
    '%s: the viewer gets the layer it asks for, switched at keyframes',
    async (codec) => {
      const { anna, ben } = await pair();
      await anna.call('publishVideo', {
        color: COLORS.blue,
        width: 960,
        height: 540,
        simulcast: true,
        maxBitrate: 1_200_000,
        codec,
      });
      const width = async () => (await ben.call('look', 'anna', 'camera'))?.width ?? 0;
      const full = async (what: string, accept: (width: number) => boolean) => {
        return await waitFor(`ben: ${what}`, width, accept, { timeout: 45_000 });
      };
      await full('the full size', (value) => value >= 900);
      const keyframes = async () => sumOf(await ben.call('stats'), 'inbound-rtp', 'video', 'keyFramesDecoded');
      const before = await keyframes();
      await ben.call('setQuality', 'anna', 'camera', 'low');
      await full('the low layer', (value) => value > 0 && value <= 340);
      await ben.expectPicture('anna', COLORS.blue);
      expect(await keyframes()).toBeGreaterThan(before);
      await ben.call('setQuality', 'anna', 'camera', 'medium');
      await full('the middle layer', (value) => value > 340 && value < 900);
      await ben.expectPicture('anna', COLORS.blue);
      await ben.call('setQuality', 'anna', 'camera', 'high');
      await full('the full size again', (value) => value >= 900);
      await ben.expectPicture('anna', COLORS.blue);
    },
  );

  it('two viewers of one publisher get two layers at once', async () => {
    const { room, anna, ben } = await pair();
    const carl = await stage.join({ room, identity: 'carl' });
    await anna.call('publishVideo', {
      color: COLORS.magenta,
      width: 960,
      height: 540,
      simulcast: true,
      maxBitrate: 1_200_000,
    });
    await ben.expectPicture('anna', COLORS.magenta);
    await carl.expectPicture('anna', COLORS.magenta);
    await ben.call('setDimensions', 'anna', 'camera', 160, 90);
    const sizes = async () => [
      (await ben.call('look', 'anna', 'camera'))?.width ?? 0,
      (await carl.call('look', 'anna', 'camera'))?.width ?? 0,
    ];
    await waitFor(
      'a small and a full picture',
      sizes,
      ([small = 0, big = 0]) => small > 0 && small <= 340 && big >= 900,
      {
        timeout: 45_000,
      },
    );
  });
});

describe('what a viewer asks for', () => {
  it('UpdateSubscription: off and on again', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.green });
    await ben.expectPicture('anna', COLORS.green);
    await ben.call('setSubscribed', 'anna', 'camera', false);
    await ben.waitForEvent('trackUnsubscribed');
    expect(await ben.call('look', 'anna', 'camera')).toBeNull();
    await ben.call('setSubscribed', 'anna', 'camera', true);
    await ben.expectPicture('anna', COLORS.green);
  });

  it('autoSubscribe off: nothing comes until it is asked for', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await anna.call('publishVideo', { color: COLORS.green });
    await anna.call('publishAudio', { tone: TONES.a });
    const ben = await stage.join({ room, identity: 'ben', connect: { autoSubscribe: false } });
    await ben.waitForState('both tracks', (state) => state.remote[0]?.tracks.length === 2);
    await ben.call('setSubscribed', 'anna', 'microphone', true);
    await ben.expectTone('anna', TONES.a);
    expect((await ben.sees('anna'))?.tracks.find((track) => track.source === 'camera')?.subscribed).toBe(false);
  });

  it('UpdateTrackSettings: a disabled track stops flowing, an enabled one flows again', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.yellow });
    await ben.expectPicture('anna', COLORS.yellow);
    await ben.call('setEnabled', 'anna', 'camera', false);
    let last = -1;
    await ben.waitForStats(
      'no more video packets',
      (rows) => {
        const packets = sumOf(rows, 'inbound-rtp', 'video', 'packetsReceived');
        const still = packets === last;
        last = packets;
        return still;
      },
      { interval: 700 },
    );
    await ben.call('setEnabled', 'anna', 'camera', true);
    await ben.expectPicture('anna', COLORS.yellow);
  });
});

describe('feedback', () => {
  it('transport-cc: the estimate of the publisher rises above its start', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.red, width: 960, height: 540, fps: 25, maxBitrate: 3_000_000 });
    await ben.expectPicture('anna', COLORS.red);
    await anna.waitForStats(
      'an estimate above 400 kb/s',
      (rows) => sumOf(rows, 'candidate-pair', '', 'availableOutgoingBitrate') > 400_000,
      { timeout: 45_000 },
    );
  });

  it('receiver reports reach the publisher, sender reports the viewer', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishVideo', { color: COLORS.red });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectPicture('anna', COLORS.red);
    const has = (type: string, name: string) => (rows: Parameters<typeof sumOf>[0]) =>
      ['audio', 'video'].every((kind) =>
        rows.some((row) => row.type === type && row.kind === kind && name in row.values),
      );
    await anna.waitForStats('remote-inbound-rtp of both kinds', has('remote-inbound-rtp', 'roundTripTime'));
    await ben.waitForStats('remote-outbound-rtp of both kinds', has('remote-outbound-rtp', 'remoteTimestamp'));
  });
});

describe('mute, unmute, unpublish', () => {
  it('mute and unmute: the state travels, and the sound with it', async () => {
    const { anna, ben } = await pair();
    await anna.call('publishAudio', { tone: TONES.b });
    await ben.expectTone('anna', TONES.b);
    await anna.call('setMuted', 'microphone', true);
    await ben.waitForEvent('trackMuted', (event) => event.identity === 'anna');
    await ben.expectSilence('anna');
    await anna.call('setMuted', 'microphone', false);
    await ben.waitForEvent('trackUnmuted', (event) => event.identity === 'anna');
    await ben.expectTone('anna', TONES.b);
  });

  it('a late joiner knows who is muted', async () => {
    const { room, anna } = await pair();
    await anna.call('publishAudio', { tone: TONES.b });
    await anna.call('setMuted', 'microphone', true);
    const late = await stage.join({ room, identity: 'late' });
    await late.waitForState('a muted microphone', (state) =>
      state.remote.some((one) => one.identity === 'anna' && one.tracks.some((track) => track.muted)),
    );
  });

  it.each([
    ['one connection', true],
    ['two connections', false],
  ])('unpublish and publish again, %s', async (_form, singlePeerConnection) => {
    const room = newRoom();
    const options = { singlePeerConnection };
    const anna = await stage.join({ room, identity: 'anna', options });
    const ben = await stage.join({ room, identity: 'ben', options });
    await anna.call('publishVideo', { color: COLORS.red });
    await ben.expectPicture('anna', COLORS.red);
    await anna.call('unpublish', 'camera');
    await ben.waitForEvent('trackUnpublished');
    await ben.waitForState('no track', (state) => state.remote[0]?.tracks.length === 0);
    await anna.call('publishVideo', { color: COLORS.green });
    await ben.expectPicture('anna', COLORS.green);
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectTone('anna', TONES.a);
  });
});
