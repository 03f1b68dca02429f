/** One round of connection quality over a room: measure everybody, tell each about itself and those it receives. */
import { ConnectionQuality, ConnectionQualityInfo, ConnectionQualityUpdate } from '@livekit/protocol';
import type { Participant } from './participant.ts';
import type { StreamSample } from './quality.ts';
import type { Room } from './room.ts';

/** A viewer is told what it has not heard yet: also of those whose tracks it has taken since their quality last changed. */
export function announceQuality(room: Room, now: number): void {
  const infos = new Map<string, ConnectionQualityInfo>();
  for (const participant of room.participants) {
    if (!participant.active) continue;
    participant.quality.update(samplesOf(participant, now));
    const dead = participant.media === 'disconnected' || participant.media === 'failed';
    infos.set(
      participant.sid,
      new ConnectionQualityInfo({
        participantSid: participant.sid,
        // "Lost" is only ever said of others: a client that hears it of itself while it publishes reconnects.
        quality: dead ? ConnectionQuality.LOST : participant.quality.quality,
        score: participant.quality.mos,
      }),
    );
  }
  for (const viewer of room.participants) if (viewer.active) tell(viewer, infos);
}

function tell(viewer: Participant, infos: ReadonlyMap<string, ConnectionQualityInfo>): void {
  const { heardQualities } = viewer;
  const publishers = viewer.subscriptions.publishers();
  for (const sid of heardQualities.keys()) {
    if (sid !== viewer.sid && !publishers.has(sid)) heardQualities.delete(sid);
  }
  const updates: ConnectionQualityInfo[] = [];
  for (const [sid, info] of infos) {
    const own = sid === viewer.sid;
    if (own ? info.quality === ConnectionQuality.LOST : !publishers.has(sid)) continue;
    if (heardQualities.get(sid) === info.quality) continue;
    heardQualities.set(sid, info.quality);
    updates.push(info);
  }
  if (updates.length > 0) viewer.send({ case: 'connectionQuality', value: new ConnectionQualityUpdate({ updates }) });
}

function samplesOf(participant: Participant, now: number): StreamSample[] {
  const samples: StreamSample[] = [];
  for (const track of participant.publications.tracks) {
    const stats = track.section.uplink.stats(now);
    samples.push({
      kind: track.section.kind,
      lossRate: Math.max(stats.lossRate, stats.lossBeforeRepair),
      rttMs: stats.rttMs,
      jitterMs: stats.jitterMs,
      active: !track.info.muted && stats.bitrate > 0,
    });
  }
  for (const { track, subscription } of participant.subscriptions.bound()) {
    const stats = subscription.downlink?.stats(now);
    if (!stats) continue;
    samples.push({
      kind: track.section.kind,
      lossRate: stats.lossRate,
      rttMs: stats.rttMs,
      jitterMs: stats.jitterMs,
      active: !track.info.muted && stats.packets > 0,
    });
  }
  return samples;
}
