import { type EnterTarget, isEntering, RoomController } from '@lianmai/client-core';
import { RoomContext } from '@livekit/components-react';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { client, codeLogin } from '../app/client.ts';
import { isDebug, navigate, replaceAddress } from '../app/router.ts';
import { roomPath } from '../app/routes.ts';
import { toRemember } from '../app/signed-in.ts';
import { savePreferences } from '../platform/preferences.ts';
import { useNotify } from '../ui/notices.tsx';
import './call.css';
import { FailurePage } from './FailurePage.tsx';
import { JoiningPage } from './JoiningPage.tsx';
import { exposeRoom } from './media/debug.ts';
import { type Devices, LiveKitMedia } from './media/livekit-media.ts';
import { PreJoinPage } from './prejoin/PreJoinPage.tsx';
import { RoomPage } from './room/RoomPage.tsx';
import { RepublishingContext } from './room/use-steady-toggle.ts';

/** How the user went in, to go in the same way again. */
interface Entry {
  readonly name: string;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly microphoneId: string;
  readonly cameraId: string;
}

/** One visit to a room: before, during and after. */
export default function CallPage({ target: asked }: { readonly target: EnterTarget }) {
  const { t } = useTranslation();
  const notify = useNotify();
  const [target, setTarget] = useState(asked);
  const [{ controller, media }] = useState(() => {
    const port = new LiveKitMedia();
    return { media: port, controller: new RoomController({ client, media: port }) };
  });
  const state = useSyncExternalStore(controller.subscribe, controller.getState);
  const entry = useRef<Entry | null>(null);
  const [again, setAgain] = useState(false);

  useEffect(() => {
    const close = () => controller.abandon();
    window.addEventListener('pagehide', close);
    return () => {
      window.removeEventListener('pagehide', close);
      void controller.leave();
    };
  }, [controller]);

  useEffect(() => (isDebug() ? exposeRoom(media.room) : undefined), [media]);

  const calling = state.phase !== 'idle' && state.phase !== 'failed';
  useEffect(() => (calling ? codeLogin.hold() : undefined), [calling]);

  const roomId = state.phase === 'in-room' ? state.room.roomID : null;
  useEffect(() => {
    // A room that was made by name has its own link from now on.
    if (roomId !== null) replaceAddress(roomPath(roomId));
  }, [roomId]);

  const join = useCallback(
    (name: string, devices: Devices) => {
      entry.current = {
        name,
        microphoneOn: devices.microphone.on,
        cameraOn: devices.camera.on,
        microphoneId: devices.microphone.deviceId,
        cameraId: devices.camera.deviceId,
      };
      savePreferences(toRemember(entry.current, client.session.current));
      media.prepare(devices);
      void controller.enter(target, name);
    },
    [controller, media, target],
  );

  const rejoin = useCallback(() => {
    const last = entry.current;
    if (!last) {
      void controller.leave();
      return;
    }
    setAgain(true);
    media.prepare({
      microphone: { on: last.microphoneOn, deviceId: last.microphoneId, track: null },
      camera: { on: last.cameraOn, deviceId: last.cameraId, track: null },
    });
    const current = controller.getState();
    const room = current.phase === 'failed' ? current.room : null;
    void controller.enter(room ? { roomId: room.roomID } : target, last.name);
  }, [controller, media, target]);

  /** As a guest, who says his name and looks at his devices first. */
  const startOver = useCallback(() => {
    client.session.signOut();
    const current = controller.getState();
    if (current.phase === 'failed' && current.room) setTarget({ roomId: current.room.roomID });
    entry.current = null;
    setAgain(false);
    void controller.leave();
  }, [controller]);

  const leave = useCallback(() => {
    void controller.leave();
    notify({ text: t('left.notice') });
    navigate('/');
  }, [controller, notify, t]);

  const dissolve = useCallback(async () => {
    await controller.dissolve();
    notify({ text: t('left.ended') });
    navigate('/');
  }, [controller, notify, t]);

  if (state.phase === 'failed') {
    return <FailurePage failure={state.failure} onRetry={rejoin} onGuest={startOver} />;
  }
  if (state.phase === 'in-room') {
    return (
      <RoomContext.Provider value={media.room}>
        <RepublishingContext.Provider value={media.republishing}>
          <RoomPage state={state} controller={controller} onLeave={leave} onDissolve={dissolve} />
        </RepublishingContext.Provider>
      </RoomContext.Provider>
    );
  }
  if (again || state.phase === 'leaving') return <JoiningPage state={state} />;
  return <PreJoinPage target={target} state={isEntering(state) ? state : null} onJoin={join} />;
}
