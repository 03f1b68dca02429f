import type { MediaLink } from '@lianmai/client-core';
import { useRoomContext } from '@livekit/components-react';
import { type Participant, RoomEvent } from 'livekit-client';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNotify } from '../../ui/notices.tsx';
import { deviceProblem } from '../media/device-problem.ts';
import { displayName } from './names.ts';

/** Tells who comes and goes, devices that fail, and a connection that is back. */
export function useAnnouncements(link: MediaLink): void {
  const { t } = useTranslation();
  const notify = useNotify();
  const room = useRoomContext();
  const previous = useRef(link);

  useEffect(() => {
    if (previous.current !== 'up' && link === 'up') notify({ text: t('room.back'), tone: 'good' });
    previous.current = link;
  }, [link, notify, t]);

  useEffect(() => {
    const joined = (participant: Participant) => notify({ text: t('room.joined', { name: displayName(participant) }) });
    const left = (participant: Participant) => notify({ text: t('room.left', { name: displayName(participant) }) });
    const failed = (error: Error, kind?: MediaDeviceKind) => {
      const device = kind === 'audioinput' ? t('prejoin.microphone') : t('prejoin.camera');
      const problem = deviceProblem(error);
      notify({ text: `${t(`device.${problem}.title`, { device })}. ${t(`device.${problem}.body`)}`, tone: 'bad' });
    };
    room
      .on(RoomEvent.ParticipantConnected, joined)
      .on(RoomEvent.ParticipantDisconnected, left)
      .on(RoomEvent.MediaDevicesError, failed);
    return () => {
      room
        .off(RoomEvent.ParticipantConnected, joined)
        .off(RoomEvent.ParticipantDisconnected, left)
        .off(RoomEvent.MediaDevicesError, failed);
    };
  }, [room, notify, t]);
}
