import { expect, it } from 'vitest';
import { type Lab, until } from './lab.ts';
import { publish, subscribe } from './media.ts';

export function returnSuite(lab: () => Lab): void {
  it('[LK30] the signal is cut: it resumes, media goes on, and what changed meanwhile is told', async (context) => {
    const { server } = lab();
    if (server.cutSignals === undefined) return context.skip('this carrier has no signal connection');
    const anna = await lab().join('anna');
    const bert = await lab().joinPeer('bert');
    const { pump, publication } = await publish(anna, 'video');
    const { catcher } = await subscribe(bert, 'anna', 'video');
    const back = await publish(bert, 'audio');
    const { catcher: heard } = await subscribe(anna, 'bert', 'audio');
    await until('packets', () => catcher.packets.length >= 30 && heard.packets.length >= 30);
    const { sid } = anna.session;
    server.cutSignals();
    publication.setMuted(true);
    await until('the mute came through', () => bert.told.track('anna', 'video')?.muted === true);
    publication.setMuted(false);
    await until('and its end', () => bert.told.track('anna', 'video')?.muted === false);
    const carl = await lab().joinPeer('carl');
    await until('a newcomer is told', () => anna.told.identities.includes('carl'));
    await carl.session.leave();
    await until('he is gone', () => !anna.told.identities.includes('carl'));
    const [sent, got] = [catcher.packets.length, heard.packets.length];
    await until('media goes on', () => catcher.packets.length > sent + 30 && heard.packets.length > got + 30);
    expect(anna.session.sid).toBe(sid);
    expect(anna.told.ends).toEqual([]);
    expect(anna.told.reconnecting).toBe(0);
    const second = await publish(anna, 'audio');
    await until('a new publication works', () => bert.told.track('anna', 'audio')?.sid === second.publication.sid);
    pump.stop();
    back.pump.stop();
    second.pump.stop();
  });

  it('[LK31] the server restarts: the same objects publish and hear again', async () => {
    const anna = await lab().join('anna');
    const bert = await lab().joinPeer('bert');
    const video = await publish(anna, 'video');
    const { catcher } = await subscribe(bert, 'anna', 'video');
    await until('packets', () => catcher.packets.length >= 30);
    const oldSid = anna.session.sid;
    await lab().server.restart();
    await until('back', () => anna.told.reconnected === 1 && bert.told.reconnected === 1, 60_000);
    expect(anna.told.reconnecting).toBe(1);
    expect(anna.session.sid).not.toBe(oldSid);
    await until('the track is told anew', () => bert.told.track('anna', 'video')?.sid === video.publication.sid);
    const again = await subscribe(bert, 'anna', 'video');
    await until('packets again', () => again.catcher.packets.length >= 30);
    expect(anna.told.ends).toEqual([]);
    anna.session.sendChat({ id: 'after', from: 'anna', text: 'back again', time: 1_700_000_000_000 });
    await until('chat works', () => bert.told.chat.some(({ id }) => id === 'after'));
    video.pump.stop();
  }, 90_000);
}
