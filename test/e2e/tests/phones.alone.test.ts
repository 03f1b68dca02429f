import { describe, expect, it } from 'vitest';
import { freshRoom, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

/** Leases that outlast the test, so that only a seat that is taken away is gone; and an engine that soon tells who has gone. */
const stage = usePhoneStage({ LIANMAI_LEASE_SECONDS: '240', LIANMAI_RESUME_SECONDS: '3' }, { browser: false });
const SLOWLY = { timeout: 60_000, interval: 500 };

describe('a phone alone in its room', () => {
  it("[PD22] the gateway's thread dies under a phone alone in its room: the room stays, and is still the phone's", async () => {
    const ben = await stage.phone('Ben');
    const roomId = freshRoom();
    await ben.enter(roomId);
    const { urls } = ben;
    ben.push(PUSHED);
    await waitFor(
      'his participant',
      () => stage.product.mediaIdentities(roomId),
      (identities) => identities.includes(ben.userId),
      SLOWLY,
    );
    await stage.product.crashGateway();
    await waitFor(
      'his participant to have gone',
      () => stage.product.mediaIdentities(roomId),
      (identities) => !identities.includes(ben.userId),
      SLOWLY,
    );
    await waitFor(
      'Ben to be back',
      () => ben.connect(urls.signalUrl),
      () => true,
      SLOWLY,
    );
    expect(await ben.caller.info(roomId)).toMatchObject({ memberCount: 1, ownerID: ben.userId });
  }, 300_000);
});
