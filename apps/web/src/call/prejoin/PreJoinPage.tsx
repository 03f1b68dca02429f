import type { EnterTarget, RoomState } from '@lianmai/client-core';
import type { RoomInfo } from '@lianmai/protocol';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../../app/client.ts';
import { signedInByCode } from '../../app/signed-in.ts';
import { readPreferences } from '../../platform/preferences.ts';
import { CopyLink } from '../../ui/CopyLink.tsx';
import { Page, usePageTitle } from '../../ui/Page.tsx';
import { isNamed, roomTitle } from '../../ui/room-title.ts';
import { useStepText } from '../JoiningPage.tsx';
import { currentPageProblem } from '../media/device-problem.ts';
import type { Devices } from '../media/livekit-media.ts';
import { useCameraPreview, useMicrophonePreview } from '../media/use-preview.ts';
import { CameraPreview } from './CameraPreview.tsx';
import { DeviceChoice } from './DeviceChoice.tsx';
import { LoginNote } from './LoginNote.tsx';
import { ProblemNote } from './ProblemNote.tsx';

type RoomLook =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'none' }
  | { readonly kind: 'room'; readonly room: RoomInfo };

/** What the room looks like from outside; nothing when the server does not say. */
function useRoomLook(target: EnterTarget): RoomLook {
  const [look, setLook] = useState<RoomLook>({ kind: 'unknown' });
  const roomId = 'roomId' in target ? target.roomId : null;
  useEffect(() => {
    if (roomId === null) return;
    let gone = false;
    client.callFunction({ name: 'webrtc-get-room-info', data: { roomID: roomId } }).then(
      ({ result }) => {
        if (gone) return;
        if (result.code === 0 && result.data) setLook({ kind: 'room', room: result.data });
        else if (result.code === NO_SUCH_ROOM) setLook({ kind: 'none' });
      },
      () => {
        // Joining will tell what is wrong.
      },
    );
    return () => {
      gone = true;
    };
  }, [roomId]);
  return look;
}

const NO_SUCH_ROOM = 10003;

/** Name, camera and microphone before the call. `state`: on the way in already. */
export function PreJoinPage({
  target,
  state,
  onJoin,
}: {
  readonly target: EnterTarget;
  readonly state: RoomState | null;
  readonly onJoin: (name: string, devices: Devices) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [stored] = useState(readPreferences);
  // Signed in by a code: as oneself, and a WeChat user under no other name.
  const [known] = useState(() => signedInByCode(client.session.current, client.clock.now()));
  const nameFixed = known?.lent === 'wechat';
  const [name, setName] = useState(known?.userName || stored.name);
  const [nameMissing, setNameMissing] = useState(false);
  const [microphoneOn, setMicrophoneOn] = useState(stored.microphoneOn);
  const [cameraOn, setCameraOn] = useState(stored.cameraOn);
  const [microphoneId, setMicrophoneId] = useState(stored.microphoneId);
  const [cameraId, setCameraId] = useState(stored.cameraId);
  const camera = useCameraPreview(cameraOn, cameraId);
  const microphone = useMicrophonePreview(microphoneOn, microphoneId);
  const input = useRef<HTMLInputElement>(null);
  const look = useRoomLook(target);
  const step = useStepText(state);
  const busy = state !== null;
  const pageProblem = currentPageProblem();

  const heading = useHeading(target, look);
  usePageTitle(heading);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const trimmed = name.trim();
    if (trimmed === '') {
      setNameMissing(true);
      input.current?.focus();
      return;
    }
    onJoin(trimmed, {
      // A device that does not work here is not asked for again there.
      microphone: { on: microphoneOn && !microphone.problem, deviceId: microphoneId, track: microphone.release() },
      camera: { on: cameraOn && !camera.problem, deviceId: cameraId, track: camera.release() },
    });
  };

  return (
    <Page testId="prejoin">
      <div className="prejoin">
        <CameraPreview
          camera={camera}
          cameraOn={cameraOn && !pageProblem}
          microphone={microphone}
          microphoneOn={microphoneOn && !pageProblem}
          disabled={busy || pageProblem !== null}
          onCamera={setCameraOn}
          onMicrophone={setMicrophoneOn}
        />
        <form className="prejoin-form" onSubmit={submit} noValidate>
          <div className="prejoin-room">
            <p className="eyebrow">{t('prejoin.title')}</p>
            <h1>{heading}</h1>
            <RoomLine target={target} look={look} />
          </div>
          <LoginNote />
          <div className="field">
            <label htmlFor={id}>{t('prejoin.name')}</label>
            <input
              ref={input}
              id={id}
              data-testid="display-name"
              value={name}
              maxLength={32}
              autoComplete="nickname"
              placeholder={t('prejoin.namePlaceholder')}
              disabled={busy}
              readOnly={nameFixed}
              aria-invalid={nameMissing}
              aria-describedby={`${id}-hint`}
              onChange={(event) => {
                setName(event.target.value);
                setNameMissing(false);
              }}
            />
            {known !== null && (
              <p className="field-hint" data-testid="login-known" data-kind={known.lent}>
                {t(nameFixed ? 'login.known' : 'login.knownGuest')}
              </p>
            )}
            <p id={`${id}-hint`} className="field-problem" aria-live="polite">
              {nameMissing ? t('prejoin.nameNeeded') : ''}
            </p>
          </div>
          {pageProblem ? (
            <ProblemNote problem={pageProblem} device={t('prejoin.camera')} />
          ) : (
            <div className="prejoin-devices">
              <DeviceChoice
                kind="videoinput"
                label={t('prejoin.camera')}
                chosen={cameraId}
                ready={camera.track !== null}
                disabled={busy}
                onChoose={setCameraId}
              />
              {camera.problem && cameraOn && (
                <ProblemNote problem={camera.problem} device={t('prejoin.camera')} onRetry={camera.retry} />
              )}
              <DeviceChoice
                kind="audioinput"
                label={t('prejoin.microphone')}
                chosen={microphoneId}
                ready={microphone.track !== null}
                disabled={busy}
                onChoose={setMicrophoneId}
              />
              {microphone.problem && microphoneOn && (
                <ProblemNote problem={microphone.problem} device={t('prejoin.microphone')} onRetry={microphone.retry} />
              )}
            </div>
          )}
          <div className="prejoin-actions">
            <button type="submit" className="button primary large" data-testid="prejoin-join" aria-disabled={busy}>
              {busy && <span className="spinner small" aria-hidden="true" />}
              <span>{busy ? t('prejoin.joining') : t('prejoin.join')}</span>
            </button>
            {'roomId' in target && <CopyLink roomId={target.roomId} className="button large" />}
          </div>
          <p className="prejoin-step" role="status">
            {step}
          </p>
        </form>
      </div>
    </Page>
  );
}

function useHeading(target: EnterTarget, look: RoomLook): string {
  const { t } = useTranslation();
  if ('roomName' in target) return target.roomName;
  return look.kind === 'room' ? roomTitle(look.room, t) : t('prejoin.room', { number: target.roomId });
}

function RoomLine({ target, look }: { readonly target: EnterTarget; readonly look: RoomLook }) {
  const { t } = useTranslation();
  if ('roomName' in target) return <p className="prejoin-line">{t('prejoin.newRoom')}</p>;
  if (look.kind === 'unknown')
    return (
      <p className="prejoin-line" aria-hidden="true">
        &nbsp;
      </p>
    );
  if (look.kind === 'none') return <p className="prejoin-line">{t('prejoin.nobody')}</p>;
  const { memberCount: count, capacity, roomID } = look.room;
  const people = count >= capacity ? t('prejoin.full', { count, capacity }) : t('prejoin.people', { count });
  return (
    <p className="prejoin-line">
      {isNamed(look.room) ? `${t('prejoin.room', { number: roomID })} · ` : ''}
      {people}
    </p>
  );
}
