import type { RoomController, RoomState } from '@lianmai/client-core';
import { RoomAudioRenderer, StartAudio, useChat, useParticipants } from '@livekit/components-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useArrivalFocus, usePageTitle } from '../../ui/Page.tsx';
import { roomTitle } from '../../ui/room-title.ts';
import { ChatPanel } from './ChatPanel.tsx';
import { ControlBar } from './ControlBar.tsx';
import { DevicesDialog } from './DevicesDialog.tsx';
import { PeoplePanel } from './PeoplePanel.tsx';
import { RoomHeader } from './RoomHeader.tsx';
import { Stage, type StageView } from './Stage.tsx';
import { useAnnouncements } from './use-announcements.ts';

type Panel = 'chat' | 'people' | null;

/** The call. */
export function RoomPage({
  state,
  controller,
  onLeave,
  onDissolve,
}: {
  readonly state: Extract<RoomState, { phase: 'in-room' }>;
  readonly controller: RoomController;
  readonly onLeave: () => void;
  readonly onDissolve: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const { room, userId, link } = state;
  const [panel, setPanel] = useState<Panel>(null);
  const [devicesOpen, setDevicesOpen] = useState(false);
  const [view, setView] = useState<StageView>('grid');
  const participants = useParticipants();
  const { chatMessages, send, isSending } = useChat();
  const unread = useUnread(chatMessages.length, panel === 'chat');
  const heading = roomTitle(room, t);
  const main = useArrivalFocus();
  usePageTitle(heading);
  useAnnouncements(link);
  useRoomRefresh(controller, participants.map((one) => one.identity).join(' '));

  const toggle = (which: Exclude<Panel, null>) => setPanel((open) => (open === which ? null : which));
  const closePanel = useCallback(() => {
    // Focus goes back to the switch that opened the panel.
    const testId = panel === 'chat' ? 'toggle-chat' : 'toggle-people';
    setPanel(null);
    document.querySelector<HTMLElement>(`[data-testid="${testId}"]`)?.focus();
  }, [panel]);

  return (
    <div className="room" data-testid="room" data-room={room.roomID} data-panel={panel ?? 'none'}>
      <RoomHeader room={room} heading={heading} people={participants.length} view={view} onView={setView} link={link} />
      <main className="room-main" id="main" ref={main} tabIndex={-1}>
        <Stage view={view} onView={setView} ownerId={room.ownerID} roomId={room.roomID} />
        {panel === 'chat' && <ChatPanel messages={chatMessages} send={send} sending={isSending} onClose={closePanel} />}
        {panel === 'people' && (
          <PeoplePanel
            participants={participants}
            ownerId={room.ownerID}
            userId={userId}
            controller={controller}
            onDissolve={onDissolve}
            onClose={closePanel}
          />
        )}
      </main>
      <ControlBar
        panel={panel}
        unread={unread}
        people={participants.length}
        onChat={() => toggle('chat')}
        onPeople={() => toggle('people')}
        onDevices={() => setDevicesOpen(true)}
        onLeave={onLeave}
      />
      {devicesOpen && <DevicesDialog onClose={() => setDevicesOpen(false)} />}
      <StartAudio className="button primary start-audio" label={t('room.startAudio')} />
      <RoomAudioRenderer />
    </div>
  );
}

/** How many messages came while the chat was closed. */
function useUnread(count: number, open: boolean): number {
  const [read, setRead] = useState(count);
  if (open && read !== count) setRead(count);
  return Math.max(0, count - read);
}

/** Who owns the room can change with everybody who comes or goes. */
function useRoomRefresh(controller: RoomController, identities: string): void {
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the people in the room asks again.
  useEffect(() => {
    // The server hears of a departure a moment after we do.
    const waits = first.current ? [0] : [300, 2_500];
    first.current = false;
    const timers = waits.map((wait) => window.setTimeout(() => void controller.refreshRoom(), wait));
    return () => {
      for (const timer of timers) window.clearTimeout(timer);
    };
  }, [controller, identities]);
}
