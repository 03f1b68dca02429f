import { DisconnectReason, type Room } from 'livekit-client';
import type { HarnessEvent } from '../src/harness-api.ts';

const log: HarnessEvent[] = [];

export function eventLog(): readonly HarnessEvent[] {
  return log;
}

function note(type: string, identity = '', detail = ''): void {
  log.push({ n: log.length, type, identity, detail });
}

/** Writes down what the room says, in words that the tests compare. */
export function watchEvents(room: Room): void {
  room
    .on('connectionStateChanged', (state) => note('state', '', state))
    .on('connected', () => note('connected'))
    .on('reconnecting', () => note('reconnecting'))
    .on('signalReconnecting', () => note('signalReconnecting'))
    .on('reconnected', () => note('reconnected'))
    .on('disconnected', (reason) =>
      note('disconnected', '', reason === undefined ? 'unknown' : DisconnectReason[reason]),
    )
    .on('participantConnected', (who) => note('participantConnected', who.identity, who.sid))
    .on('participantDisconnected', (who) => note('participantDisconnected', who.identity, who.sid))
    .on('trackPublished', (track, who) => note('trackPublished', who.identity, track.source))
    .on('trackUnpublished', (track, who) => note('trackUnpublished', who.identity, track.source))
    .on('trackSubscribed', (_track, publication, who) => note('trackSubscribed', who.identity, publication.source))
    .on('trackUnsubscribed', (_track, publication, who) => note('trackUnsubscribed', who.identity, publication.source))
    .on('trackSubscriptionFailed', (sid, who) => note('trackSubscriptionFailed', who.identity, sid))
    .on('trackMuted', (track, who) => note('trackMuted', who.identity, track.source))
    .on('trackUnmuted', (track, who) => note('trackUnmuted', who.identity, track.source))
    .on('localTrackPublished', (track) => note('localTrackPublished', '', track.source))
    .on('localTrackUnpublished', (track) => note('localTrackUnpublished', '', track.source))
    .on('activeSpeakersChanged', (speakers) =>
      note('speakers', '', speakers.map((speaker) => speaker.identity).join(',')),
    )
    .on('connectionQualityChanged', (quality, who) => note('quality', who.identity, quality))
    .on('participantMetadataChanged', (_before, who) => note('metadata', who.identity, who.metadata ?? ''))
    .on('participantAttributesChanged', (changed, who) => note('attributes', who.identity, JSON.stringify(changed)))
    .on('participantNameChanged', (name, who) => note('name', who.identity, name))
    .on('participantPermissionsChanged', (_before, who) => note('permissions', who?.identity ?? ''))
    .on('trackSubscriptionPermissionChanged', (track, status, who) =>
      note('subscriptionPermission', who.identity, `${track.source}:${status}`),
    )
    .on('roomMetadataChanged', (metadata) => note('roomMetadata', '', metadata))
    .on('dataReceived', (payload, who, kind, topic) =>
      note(
        'data',
        who?.identity ?? '',
        `${kind === 1 ? 'lossy' : 'reliable'}|${topic ?? ''}|${new TextDecoder().decode(payload)}`,
      ),
    );
  room.registerTextStreamHandler('words', async (reader, who) => note('text', who.identity, await reader.readAll()));
  room.registerByteStreamHandler('blob', async (reader, who) => {
    const chunks = await reader.readAll();
    let size = 0;
    let wrong = 0;
    for (const chunk of chunks) {
      for (const byte of chunk) {
        if (byte !== ((size * 31 + (size >> 8)) & 255)) wrong += 1;
        size += 1;
      }
    }
    note('bytes', who.identity, `${size} bytes, ${wrong} wrong`);
  });
}
