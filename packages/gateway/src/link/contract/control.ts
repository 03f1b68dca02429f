import { expect, it } from 'vitest';
import { type Lab, until } from './lab.ts';
import { publish, subscribe } from './media.ts';

const AUDIO = { kind: 'audio', source: 'microphone', name: 'mic', width: 0, height: 0, muted: false } as const;

export function controlSuite(lab: () => Lab): void {
  it('[LK20] the server mutes a publication: told once, shown to others, nothing arrives', async () => {
    const anna = await lab().join('anna');
    const { publication, publisher, pump } = await publish(anna, 'video');
    const bert = await lab().joinPeer('bert');
    const { catcher } = await subscribe(bert, 'anna', 'video');
    await until('packets', () => catcher.packets.length >= 30);
    await lab().api.mutePublishedTrack(lab().room, 'anna', publication.sid, true);
    await until('told', () => publisher.mutes.length > 0);
    await until('shown', () => bert.told.track('anna', 'video')?.muted === true);
    expect(publisher.mutes).toEqual([true]);
    publication.setMuted(false);
    await until('lifted by its owner', () => bert.told.track('anna', 'video')?.muted === false);
    const before = catcher.packets.length;
    await until('packets again', () => catcher.packets.length > before + 30);
    expect(publisher.mutes).toEqual([true]);
    pump.stop();
  });

  it('[LK21] who may not publish is told so, and the session goes on', async () => {
    const anna = await lab().join('anna', { canPublish: false });
    const sink = { onKeyframeNeeded() {}, onMutedByServer() {} };
    await expect(anna.session.publish(AUDIO, sink)).rejects.toThrow();
    const bert = await lab().joinPeer('bert');
    await until('still there', () => anna.told.identities.includes('bert'));
    await until('seen by others', () => bert.told.identities.includes('anna'));
  });

  it('[LK22] removed by the server: the end is told once, and nothing after it', async () => {
    const anna = await lab().join('anna');
    const [bert, carl] = [await lab().joinPeer('bert'), await lab().joinPeer('carl')];
    await until('all are seen', () => bert.told.roster.length === 2 && carl.told.roster.length === 2);
    await lab().api.removeParticipant(lab().room, 'anna');
    await until('the end', () => anna.told.ends.length > 0);
    expect(anna.told.ends.map(({ end }) => end)).toEqual(['removed']);
    const { calls } = anna.told;
    await until('she is gone', () => [bert, carl].every(({ told }) => !told.identities.includes('anna')));
    expect(() => anna.session.sendChat({ id: 'x', from: 'anna', text: 'no', time: 1 })).not.toThrow();
    bert.session.sendChat({ id: 'after', from: 'bert', text: 'is she gone?', time: 1 });
    await until('somebody heard it', () => carl.told.chat.length > 0);
    expect(carl.told.chat.map(({ id }) => id)).toEqual(['after']);
    expect(anna.told.calls).toBe(calls);
  });

  it('[LK23] the room is deleted: so the end says', async () => {
    const anna = await lab().join('anna');
    await lab().api.deleteRoom(lab().room);
    await until('the end', () => anna.told.ends.length > 0);
    expect(anna.told.ends.map(({ end }) => end)).toEqual(['room-deleted']);
  });

  it('[LK24] the same identity joins again: the older session ends and does not come back', async () => {
    const older = await lab().join('anna');
    const newer = await lab().join('anna');
    await until('the end', () => older.told.ends.length > 0);
    expect(older.told.ends.map(({ end }) => end)).toEqual(['duplicate-identity']);
    const bert = await lab().joinPeer('bert');
    await until('one anna', () => bert.told.identities.length > 0);
    expect(bert.told.roster.map(({ sid }) => sid)).toEqual([newer.session.sid]);
    expect(newer.told.ends).toEqual([]);
    expect(newer.told.rosters.flat().some(({ identity }) => identity === 'anna')).toBe(false);
  });

  it('[LK25] chat goes both ways, under the name of who wrote it, once', async () => {
    const anna = await lab().join('anna');
    const bert = await lab().joinPeer('bert');
    await until('both are there', () => anna.told.identities.length === 1 && bert.told.identities.length === 1);
    const long = '连麦 🎤 '.repeat(1_200);
    const words = [
      { id: 'm-1', from: 'anna', text: 'hello', time: 1_700_000_000_123 },
      { id: 'm-2', from: 'anna', text: long, time: 1_700_000_000_456 },
    ];
    for (const message of words) anna.session.sendChat(message);
    await until('bert hears', () => bert.told.chat.length >= 2);
    expect(bert.told.chat).toEqual(words);
    const answer = { id: 'm-3', from: 'bert', text: 'hi', time: 1_700_000_001_000 };
    bert.session.sendChat(answer);
    await until('anna hears', () => anna.told.chat.length >= 1);
    expect(anna.told.chat).toEqual([answer]);
    expect(() => anna.session.sendChat({ ...answer, text: 'x'.repeat(100_000) })).toThrow();
  });

  it('[LK26] leaving ends everything: others see it, nothing is told, another join works', async () => {
    const anna = await lab().join('anna');
    const { pump, publication } = await publish(anna, 'video');
    const bert = await lab().joinPeer('bert');
    const { catcher } = await subscribe(bert, 'anna', 'video');
    await until('packets', () => catcher.packets.length >= 30);
    await anna.session.leave();
    const { calls } = anna.told;
    await until('gone', () => bert.told.roster.length === 0);
    publication.send(Buffer.from([1]), 1, true);
    publication.report(1, 1);
    publication.setMuted(true);
    publication.unpublish();
    await anna.session.leave();
    expect(anna.told.calls).toBe(calls);
    expect(anna.told.ends).toEqual([]);
    await expect(anna.session.publish(AUDIO, { onKeyframeNeeded() {}, onMutedByServer() {} })).rejects.toThrow();
    pump.stop();
    const again = await lab().join('anna');
    await until('back', () => bert.told.roster[0]?.sid === again.session.sid);
  });

  it('[LK32] listeners that throw harm nobody', async () => {
    const fail = () => {
      throw new Error('a listener of the test');
    };
    const link = lab().link();
    let rosters = 0;
    const session = await link.join(await lab().joinOptions('anna'), {
      onParticipants: () => {
        rosters += 1;
        fail();
      },
      onChat: fail,
      onQuality: fail,
      onReconnecting: fail,
      onReconnected: fail,
      onEnd: fail,
    });
    const bert = await lab().joinPeer('bert');
    const { pump, publication } = await publish(bert, 'video');
    await until('rosters', () => rosters >= 2);
    let packets = 0;
    session.subscribe(publication.sid, {
      onRtp: () => {
        packets += 1;
        fail();
      },
      onSenderReport: fail,
    });
    await until('packets', () => packets >= 30);
    bert.session.sendChat({ id: 'm', from: 'bert', text: 'hi', time: 1 });
    const before = packets;
    await until('more packets', () => packets >= before + 30);
    pump.stop();
  });

  it('[LK27] counts are bounded', async () => {
    const link = lab().link({ limits: { maxPublications: 1, maxSubscriptions: 1 } });
    const anna = await lab().join('anna', {}, link);
    const sink = { onKeyframeNeeded() {}, onMutedByServer() {} };
    const one = await anna.session.publish(AUDIO, sink);
    await expect(anna.session.publish(AUDIO, sink)).rejects.toThrow(/too many/);
    one.unpublish();
    await anna.session.publish(AUDIO, sink);
    const nobody = { onRtp() {}, onSenderReport() {} };
    anna.session.subscribe('TR_one', nobody);
    expect(() => anna.session.subscribe('TR_one', nobody)).toThrow();
    expect(() => anna.session.subscribe('TR_two', nobody)).toThrow(/too many/);
  });
}
