import { ClientError, type RoomController } from '@lianmai/client-core';
import { ParticipantContext, useIsMuted, useIsSpeaking, useParticipantAttributes } from '@livekit/components-react';
import { type Participant, Track } from 'livekit-client';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../../ui/Icon.tsx';
import { useNotify } from '../../ui/notices.tsx';
import { isPhone } from '../media/phone.ts';
import { ConfirmDialog } from './ConfirmDialog.tsx';
import { colourOf, displayName, initials } from './names.ts';
import { Panel } from './Panel.tsx';
import { byArrival } from './people-order.ts';

/** Who is here; for the owner also what he may do about it. */
export function PeoplePanel({
  participants,
  ownerId,
  userId,
  controller,
  onDissolve,
  onClose,
}: {
  readonly participants: Participant[];
  readonly ownerId: string;
  readonly userId: string;
  readonly controller: RoomController;
  readonly onDissolve: () => Promise<void>;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const attempt = useAttempt();
  const [confirming, setConfirming] = useState(false);
  const isOwner = ownerId === userId;
  return (
    <Panel title={`${t('people.title')} (${participants.length})`} testId="people" onClose={onClose}>
      <ul className="people-list">
        {byArrival(participants).map((participant) => (
          <ParticipantContext.Provider key={participant.identity} value={participant}>
            <Person
              participant={participant}
              isOwner={participant.identity === ownerId}
              controller={isOwner && !participant.isLocal ? controller : null}
            />
          </ParticipantContext.Provider>
        ))}
      </ul>
      {isOwner && (
        <div className="panel-foot">
          <button
            type="button"
            className="button danger-quiet wide"
            data-testid="dissolve-room"
            onClick={() => setConfirming(true)}
          >
            <Icon name="leave" size={20} />
            <span>{t('people.dissolve')}</span>
          </button>
        </div>
      )}
      {confirming && (
        <ConfirmDialog
          title={t('people.dissolveTitle')}
          body={t('people.dissolveBody', { count: participants.length })}
          confirm={t('people.dissolveConfirm')}
          onConfirm={() => {
            setConfirming(false);
            void attempt(onDissolve);
          }}
          onClose={() => setConfirming(false)}
        />
      )}
    </Panel>
  );
}

/** Runs what the owner asked for, and tells when the server refuses. */
function useAttempt(): (action: () => Promise<void>) => Promise<boolean> {
  const { t } = useTranslation();
  const notify = useNotify();
  return async (action) => {
    try {
      await action();
      return true;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      notify({ text: t('people.failed', { reason: t(`failure.${error.reason}.title`) }), tone: 'bad' });
      return false;
    }
  };
}

function Person({
  participant,
  isOwner,
  controller,
}: {
  readonly participant: Participant;
  readonly isOwner: boolean;
  /** Given when the user may act on this participant. */
  readonly controller: RoomController | null;
}) {
  const { t } = useTranslation();
  const notify = useNotify();
  const attempt = useAttempt();
  const name = displayName(participant);
  const identity = participant.identity;
  const microphoneOff = useIsMuted({ participant, source: Track.Source.Microphone });
  const cameraOff = useIsMuted({ participant, source: Track.Source.Camera });
  const speaking = useIsSpeaking(participant);
  const phone = isPhone({ attributes: useParticipantAttributes({ participant }).attributes ?? {} });

  const mute = async (kind: 'audio' | 'video') => {
    if (!controller || !(await attempt(() => controller.mute(identity, kind)))) return;
    notify({ text: t(kind === 'audio' ? 'people.muted' : 'people.cameraStopped', { name }), tone: 'good' });
  };
  const kick = async () => {
    if (!controller || !(await attempt(() => controller.kick(identity)))) return;
    notify({
      text: t('people.kicked', { name }),
      action: {
        label: t('people.undo'),
        run: () =>
          void attempt(() => controller.forgive(identity)).then((done) => {
            if (done) notify({ text: t('people.forgiven', { name }), tone: 'good' });
          }),
      },
      ms: 10_000,
    });
  };

  return (
    <li className="person" data-testid="people-item" data-identity={identity} data-speaking={speaking}>
      <span className="avatar small" aria-hidden="true" style={{ '--own': colourOf(identity) } as React.CSSProperties}>
        {initials(name)}
      </span>
      <span className="person-name">
        <span>{participant.isLocal ? `${name} (${t('app.you')})` : name}</span>
        {isOwner && (
          <span className="person-owner">
            <Icon name="crown" size={14} />
            {t('room.owner')}
          </span>
        )}
        {phone && (
          <span className="person-phone" data-testid="person-phone">
            <Icon name="phone" size={14} />
            {t('room.phone')}
          </span>
        )}
      </span>
      <span className="person-actions">
        <DeviceMark
          icon={microphoneOff ? 'mic-off' : 'mic'}
          off={microphoneOff}
          state={microphoneOff ? t('people.micOff') : t('people.micOn')}
          action={controller && !microphoneOff ? t('people.muteMic', { name }) : null}
          testId="mute-member"
          onAct={() => void mute('audio')}
        />
        <DeviceMark
          icon={cameraOff ? 'camera-off' : 'camera'}
          off={cameraOff}
          state={cameraOff ? t('people.cameraOff') : t('people.cameraOn')}
          action={controller && !cameraOff ? t('people.stopCamera', { name }) : null}
          testId="mute-member-video"
          onAct={() => void mute('video')}
        />
        {controller && (
          <button
            type="button"
            className="round small plain danger"
            data-testid="kick-member"
            aria-label={t('people.kick', { name })}
            title={t('people.kick', { name })}
            onClick={() => void kick()}
          >
            <Icon name="remove" size={18} />
          </button>
        )}
      </span>
    </li>
  );
}

/** The state of a device; a button where the owner may switch it off. */
function DeviceMark({
  icon,
  off,
  state,
  action,
  testId,
  onAct,
}: {
  readonly icon: IconName;
  readonly off: boolean;
  readonly state: string;
  readonly action: string | null;
  readonly testId: string;
  readonly onAct: () => void;
}) {
  if (action === null) {
    return (
      <span className={off ? 'mark off' : 'mark'} role="img" aria-label={state} title={state}>
        <Icon name={icon} size={18} />
      </span>
    );
  }
  return (
    <button
      type="button"
      className="round small plain"
      data-testid={testId}
      aria-label={action}
      title={action}
      onClick={onAct}
    >
      <Icon name={icon} size={18} />
    </button>
  );
}
