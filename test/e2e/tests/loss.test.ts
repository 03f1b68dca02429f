import { describe, expect, it } from 'vitest';
import { sumOf } from '../src/client.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';
import { UdpRelay } from '../src/udp-relay.ts';
import { until } from '../src/wait.ts';

const stage = useStage();

async function relay(seed: number): Promise<UdpRelay> {
  const link = await new UdpRelay(stage.target.mediaPort, seed).listen();
  stage.cleanUp(() => link.close());
  return link;
}

describe('a bad network', () => {
  it.each([
    ['one connection', true],
    ['two connections', false],
  ])('NACK and RTX towards a viewer on a lossy link, %s', async (_form, singlePeerConnection) => {
    const room = newRoom();
    const link = await relay(7);
    const options = { singlePeerConnection };
    const anna = await stage.join({ room, identity: 'anna', options });
    const ben = await stage.join({ room, identity: 'ben', options, mediaPort: link.port });
    await anna.call('publishVideo', { color: COLORS.red, fps: 25 });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectPicture('anna', COLORS.red);
    link.set({ lossDown: 0.05, delay: 15 });
    await ben.waitForStats(
      'packets asked for and sent again',
      (rows) =>
        sumOf(rows, 'inbound-rtp', 'video', 'nackCount') > 3 &&
        sumOf(rows, 'inbound-rtp', 'video', 'retransmittedPacketsReceived') > 3,
      { timeout: 60_000 },
    );
    expect(link.dropped).toBeGreaterThan(3);
    await ben.expectPicture('anna', COLORS.red);
    await ben.expectTone('anna', TONES.a);
  });

  it('NACK and RTX from a publisher on a lossy link', async () => {
    const room = newRoom();
    const link = await relay(11);
    const anna = await stage.join({ room, identity: 'anna', mediaPort: link.port });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.call('publishVideo', { color: COLORS.blue, fps: 25 });
    await ben.expectPicture('anna', COLORS.blue);
    link.set({ lossUp: 0.05, delay: 15 });
    await anna.waitForStats(
      'packets asked for and sent again',
      (rows) =>
        sumOf(rows, 'outbound-rtp', 'video', 'nackCount') > 3 &&
        sumOf(rows, 'outbound-rtp', 'video', 'retransmittedPacketsSent') > 3,
      { timeout: 60_000 },
    );
    await ben.expectPicture('anna', COLORS.blue);
  });

  it('a picture heals by itself after a second of nothing', async () => {
    const room = newRoom();
    const link = await relay(13);
    const anna = await stage.join({ room, identity: 'anna' });
    const ben = await stage.join({ room, identity: 'ben', mediaPort: link.port });
    await anna.call('publishVideo', { color: COLORS.green });
    await ben.expectPicture('anna', COLORS.green);
    const before = link.dropped;
    link.set({ lossDown: 1 });
    await until('a second of video lost', () => link.dropped > before + 30);
    link.set({});
    await ben.expectPicture('anna', COLORS.green);
  });

  it('connection quality falls under loss, and comes back', async () => {
    const room = newRoom();
    const link = await relay(17);
    const anna = await stage.join({ room, identity: 'anna', mediaPort: link.port });
    const ben = await stage.join({ room, identity: 'ben' });
    await anna.call('publishVideo', { color: COLORS.red });
    await anna.call('publishAudio', { tone: TONES.a });
    await ben.expectPicture('anna', COLORS.red);
    const quality = (wanted: string[]) =>
      ben.waitForState(
        `anna's quality ${wanted.join(' or ')}`,
        (state) => wanted.includes(state.remote[0]?.quality ?? ''),
        {
          timeout: 40_000,
          interval: 250,
        },
      );
    await quality(['excellent', 'good']);
    link.set({ lossUp: 0.3 });
    await quality(['poor']);
    link.set({});
    await quality(['excellent', 'good']);
  }, 180_000);
});
