import { fill, type Words } from '../../i18n/index.ts';
import type { Backend } from '../../services/backend.ts';
import type { SignInfo } from '../../services/core.ts';
import { describe, mayPass, type Problem, problemOfError } from '../../services/problems.ts';
import { Seat, type SeatTarget } from '../../services/seat.ts';
import type { Question } from '../../services/wechat/ui.ts';
import { Chat } from './chat.ts';
import { OwnerWatch } from './owner-watch.ts';
import type { RoomComponent, RoomSignal, Stream } from './signals.ts';
import { problemOfCause, verdictOf } from './verdict.ts';
import { FIRST_VIEW, LINKS, peopleRows, peopleView, type RoomView, titleOf } from './view.ts';
import { WayBack } from './way-back.ts';

/** What a visit needs of its page. */
export interface VisitPorts {
  readonly backend: Backend;
  readonly words: () => Words;
  readonly component: () => RoomComponent | null;
  /** Shows what changed; `done` once the component has the new properties. */
  readonly patch: (changes: Partial<RoomView>, done?: () => void) => void;
  /** Hands fresh tickets to the component; resolves once it has them. */
  readonly setTickets: (tickets: SignInfo, roomName: string) => Promise<void>;
  readonly toast: (words: string) => void;
  readonly confirm: (question: Question) => Promise<boolean>;
  readonly setTitle: (title: string) => void;
  readonly keepScreenOn: (on: boolean) => void;
}

export interface Choices {
  readonly userName: string;
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly template: string;
}

/** One visit of one room: from the seat to the goodbye. The page shows what it says and passes on what is tapped. */
export class RoomVisit {
  readonly #ports: VisitPorts;
  readonly #target: SeatTarget;
  readonly #userName: string;
  readonly chat: Chat;
  readonly #ownerWatch: OwnerWatch;
  #seat: Seat;
  #view: RoomView;
  #streams: readonly Stream[] = [];
  #listed = false;
  #ownerId = '';
  readonly #wayBack: WayBack;
  /** The room that was entered before, by its number: a room made by name is not made twice. */
  #restart: string | null = null;
  #hidden = false;
  #closed = false;

  constructor(ports: VisitPorts, target: SeatTarget, choices: Choices) {
    this.#ports = ports;
    this.#target = target;
    this.#userName = choices.userName;
    this.#seat = this.#newSeat();
    this.#wayBack = new WayBack(
      ports.backend.clock,
      () => this.#goIn(),
      (error) => this.#notBack(error),
    );
    const { microphone, camera, template } = choices;
    const canMute = ports.backend.media.kind === 'rtmp';
    this.#view = { ...FIRST_VIEW, microphone, camera, template, canMute };
    this.chat = new Chat(
      () => this.#seat.taken?.tickets.userID ?? '',
      (changes) => this.#show(changes),
      () => this.#view.sheet === 'chat',
    );
    this.#ownerWatch = new OwnerWatch({
      clock: ports.backend.clock,
      ask: async () => (await this.#seat.look())?.ownerID ?? null,
      isHere: (id) => this.#view.people.some((person) => person.id === id),
      told: (id) => this.#owner(id),
    });
  }

  get view(): RoomView {
    return this.#view;
  }

  /** Takes a seat and starts the call; whatever goes wrong is shown. */
  async open(): Promise<void> {
    const { words, keepScreenOn } = this.#ports;
    keepScreenOn(true);
    this.#show({ phase: 'entering', step: words().room.step.entering, problem: null });
    try {
      await this.#goIn();
    } catch (error) {
      if (!this.#closed) this.#over(problemOfError(error), false);
    }
  }

  /** Once more, from the beginning: the button under a problem. */
  async rejoin(): Promise<void> {
    this.#wayBack.reset();
    this.#ownerWatch.stop();
    this.#ports.component()?.stop();
    this.#restart = this.#seat.taken?.room.roomID ?? this.#restart;
    this.#seat.abandon();
    this.#seat = this.#newSeat();
    await this.open();
  }

  /** Everything the component tells. */
  hear(signal: RoomSignal): void {
    if (this.#closed) return;
    switch (signal.type) {
      case 'joined':
        this.#joined();
        return;
      case 'trouble':
        this.#setLink(LINKS[signal.trouble]);
        return;
      case 'people':
        this.#people(signal.streams);
        return;
      case 'owner':
        this.#owner(signal.userId);
        return;
      case 'muted':
        this.#mutedByOwner(signal.kind, signal.on);
        return;
      case 'chat':
        this.chat.take(signal.lines);
        return;
      case 'notice':
        this.#notice(problemOfCause(signal.code, signal.cause));
        return;
      case 'tickets':
        void this.#renewTickets();
        return;
      case 'failed':
        this.#failed(signal.code, signal.cause);
        return;
    }
  }

  toggleMicrophone(): void {
    this.#show({ microphone: !this.#view.microphone, notice: '' });
    this.#refreshPeople();
  }

  toggleCamera(): void {
    this.#show({ camera: !this.#view.camera, notice: '' });
    this.#refreshPeople();
  }

  flip(): void {
    this.#ports.component()?.switchCamera();
  }

  setBeauty(beauty: number): void {
    this.#show({ beauty });
  }

  setTemplate(template: string): void {
    this.#show({ template });
  }

  setSheet(sheet: RoomView['sheet']): void {
    if (sheet === 'chat') this.chat.read();
    this.#show({ sheet, ...(sheet === 'chat' ? { unread: 0 } : {}) });
  }

  dismissNotice(): void {
    this.#show({ notice: '' });
  }

  async send(text: string): Promise<boolean> {
    const component = this.#ports.component();
    const sent = component !== null && (await component.send(text));
    if (sent) this.chat.sent(text, this.#userName);
    else this.#ports.toast(this.#ports.words().chat.failed);
    return sent;
  }

  async kick(memberId: string): Promise<void> {
    const { words, confirm } = this.#ports;
    const name = this.#nameOf(memberId);
    const { people, app } = words();
    const question = { title: fill(people.kickTitle, { name }), content: people.kickBody };
    if (!(await confirm({ ...question, yes: people.kick, no: app.cancel, dangerous: true }))) return;
    await this.#act('webrtc-kick-member', { memberID: memberId }, fill(people.kicked, { name }));
  }

  async mute(memberId: string, kind: 'audio' | 'video'): Promise<void> {
    const { people } = this.#ports.words();
    const done = fill(kind === 'audio' ? people.muted : people.stopped, { name: this.#nameOf(memberId) });
    await this.#act('webrtc-mute-member', { memberID: memberId, kind }, done);
  }

  /** Ends the room for everybody; answers whether the page may go. */
  async dissolve(): Promise<boolean> {
    const { words, confirm, backend, toast } = this.#ports;
    const { room, app } = words();
    const content = fill(room.dissolveBody, { count: this.#view.people.length });
    const question = { title: room.dissolveTitle, content, yes: room.dissolveYes, no: app.cancel, dangerous: true };
    const taken = this.#seat.taken;
    if (taken === null || !(await confirm(question))) return false;
    try {
      await backend.invoke('webrtc-dissolve-room', { roomID: taken.room.roomID });
    } catch (error) {
      toast(this.#sentence(problemOfError(error)));
      return false;
    }
    this.#seat.abandon();
    return true;
  }

  /** The page is covered, or WeChat is in the background; the component stops filming by itself. */
  hide(): void {
    if (this.#closed || this.#hidden) return;
    this.#hidden = true;
    this.#ports.keepScreenOn(false);
  }

  /** Back on the screen: the seat may have lapsed, or passed on, meanwhile. */
  async show(): Promise<void> {
    if (this.#closed || !this.#hidden) return;
    this.#hidden = false;
    if (this.#view.phase !== 'problem') this.#ports.keepScreenOn(true);
    if (this.#view.phase !== 'in-room') return;
    try {
      const room = await this.#seat.look();
      if (room !== null && !this.#closed) this.#owner(room.ownerID);
    } catch (error) {
      const { key } = problemOfError(error);
      if (!this.#closed && (key === 'not-member' || key === 'no-such-room')) this.#again({ key, code: null });
    }
  }

  /** The page is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wayBack.stop();
    this.#ownerWatch.stop();
    this.#ports.keepScreenOn(false);
    this.#ports.component()?.stop();
    await this.#seat.give();
  }

  async #goIn(): Promise<void> {
    const { words, component, setTitle, setTickets } = this.#ports;
    const target = this.#restart === null ? this.#target : { roomId: this.#restart };
    const taken = await this.#seat.take(target, this.#userName);
    if (taken === null || this.#closed) return;
    const title = titleOf(taken.room, words());
    setTitle(title);
    this.#ownerId = taken.room.ownerID;
    this.#show({
      title,
      number: taken.room.roomID,
      presenter: taken.room.ownerID,
      ...(this.#view.phase === 'entering' ? { step: words().room.step.connecting } : {}),
    });
    this.#refreshPeople();
    await setTickets(taken.tickets, title);
    if (this.#closed) return;
    this.#wayBack.started();
    component()?.start();
  }

  #joined(): void {
    this.#wayBack.joined();
    const { phase, link } = this.#view;
    // Back by itself, the component tells of its trouble's end as well, and may have another one left.
    const settled = phase !== 'in-room' || link === 'rejoining';
    const back = phase === 'in-room' && link === 'rejoining';
    this.#show({ phase: 'in-room', notice: '', ...(settled ? { link: 'up', linkText: '' } : {}) });
    this.#refreshPeople();
    if (back) this.#ports.toast(this.#ports.words().room.back);
  }

  #setLink(link: RoomView['link']): void {
    if (this.#view.phase !== 'in-room' || this.#view.link === link) return;
    const { words, toast } = this.#ports;
    if (link === 'up') toast(words().room.back);
    this.#show({ link, linkText: link === 'up' ? '' : words().room.link[link] });
  }

  #people(streams: readonly Stream[]): void {
    const { words, toast } = this.#ports;
    const before = new Map(this.#streams.map((stream) => [stream.userId, stream.name]));
    const after = new Map(streams.map((stream) => [stream.userId, stream.name]));
    this.#streams = streams;
    if (this.#listed) {
      const came = [...after].filter(([id]) => !before.has(id)).map(([id, name]) => name || id);
      const gone = [...before].filter(([id]) => !after.has(id)).map(([id, name]) => name || id);
      if (came[0] !== undefined) toast(fill(words().room.joined, { name: came.join('、') }));
      else if (gone[0] !== undefined) toast(fill(words().room.left, { name: gone.join('、') }));
    }
    this.#listed = true;
    this.#refreshPeople();
    // Nobody tells who the owner is where signalling is not ours: it may have passed on.
    if (this.#ports.backend.needsHeartbeat) void this.#ownerWatch.look();
  }

  #owner(userId: string): void {
    if (userId === '' || userId === this.#ownerId) return;
    const known = this.#ownerId !== '';
    this.#ownerId = userId;
    this.#show({ presenter: userId });
    this.#refreshPeople();
    if (!known) return;
    const { words, toast } = this.#ports;
    const self = this.#seat.taken?.tickets.userID;
    toast(userId === self ? words().room.ownerNow : fill(words().room.ownerIs, { name: this.#nameOf(userId) }));
  }

  #mutedByOwner(kind: 'audio' | 'video', on: boolean): void {
    // Switched off here too: switching on again is what lifts it.
    if (!on) return;
    const { room } = this.#ports.words();
    this.#show(
      kind === 'audio' ? { microphone: false, notice: room.mutedAudio } : { camera: false, notice: room.mutedVideo },
    );
    this.#refreshPeople();
  }

  async #renewTickets(): Promise<void> {
    try {
      const tickets = await this.#seat.renew();
      if (tickets !== null && !this.#closed) await this.#ports.setTickets(tickets, this.#view.title);
    } catch (error) {
      if (this.#closed) return;
      // Asked for again by the component; a seat that is gone is a matter for the door.
      if (!mayPass(error)) this.#again(problemOfError(error));
    }
  }

  #failed(code: number, cause: { reason: string; code: number } | null): void {
    const settled = this.#view.phase === 'in-room' && this.#view.link === 'up';
    const verdict = verdictOf(code, cause, settled);
    switch (verdict.kind) {
      case 'over':
        this.#over(verdict.problem, verdict.keepSeat);
        return;
      case 'again':
        this.#again(verdict.problem);
        return;
      case 'tell':
        this.#notice(verdict.problem);
        return;
      case 'wait':
        this.#notice({ key: 'suspended', code: null });
        return;
    }
  }

  #newSeat(): Seat {
    const seat: Seat = new Seat(this.#ports.backend, (error) => {
      if (this.#closed || seat !== this.#seat) return;
      // The room that was ours is no more: its owner ended it.
      if (error.reason === 'no-such-room') this.#over({ key: 'dissolved', code: error.code }, true);
      else if (error.reason === 'kicked') this.#over(problemOfError(error), true);
      else this.#again(problemOfError(error));
    });
    return seat;
  }

  /** Through the door again, with growing pauses; in the end it is said why not. */
  #again(problem: Problem): void {
    const next = this.#wayBack.again();
    if (next === 'on-the-way') return;
    if (next === 'over') {
      this.#over(problem, false);
      return;
    }
    if (this.#view.phase === 'in-room') this.#setLink('rejoining');
    else this.#notice(problem);
    this.#ports.component()?.stop();
  }

  #notBack(error: unknown): void {
    if (this.#closed) return;
    if (mayPass(error)) this.#again(problemOfError(error));
    else this.#over(problemOfError(error), false);
  }

  #over(problem: Problem, keepSeat: boolean): void {
    this.#wayBack.stop();
    this.#ownerWatch.stop();
    this.#ports.component()?.stop();
    if (keepSeat) this.#seat.abandon();
    else void this.#seat.give();
    this.#ports.keepScreenOn(false);
    this.#show({ phase: 'problem', problem: describe(problem, this.#ports.words()), sheet: 'none', notice: '' });
  }

  #notice(problem: Problem): void {
    this.#show({ notice: this.#sentence(problem) });
  }

  #sentence(problem: Problem): string {
    const { title, body } = describe(problem, this.#ports.words());
    return fill(this.#ports.words().room.sentence, { title, body });
  }

  async #act(
    name: 'webrtc-kick-member' | 'webrtc-mute-member',
    data: { readonly memberID: string; readonly kind?: 'audio' | 'video' },
    done: string,
  ): Promise<void> {
    const { backend, toast, words } = this.#ports;
    const roomID = this.#seat.taken?.room.roomID;
    if (roomID === undefined) return;
    try {
      if (name === 'webrtc-kick-member') await backend.invoke(name, { roomID, memberID: data.memberID });
      else await backend.invoke(name, { roomID, memberID: data.memberID, kind: data.kind ?? 'audio' });
      toast(done);
    } catch (error) {
      toast(fill(words().people.failed, { reason: describe(problemOfError(error), words()).title }));
    }
  }

  #nameOf(userId: string): string {
    return this.#view.people.find((person) => person.id === userId)?.name ?? userId;
  }

  #refreshPeople(): void {
    const taken = this.#seat.taken;
    if (taken === null) return;
    const words = this.#ports.words();
    const self = {
      id: taken.tickets.userID,
      name: this.#userName,
      microphone: this.#view.microphone,
      camera: this.#view.camera,
    };
    const rows = peopleRows(self, this.#streams, this.#ownerId, words);
    this.#show(peopleView(rows, taken.room.roomID, words));
  }

  #show(changes: Partial<RoomView>): void {
    const before = this.#view;
    this.#view = { ...before, ...changes };
    const changed: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(changes)) {
      if (JSON.stringify(before[key as keyof RoomView]) !== JSON.stringify(value)) changed[key] = value;
    }
    if (Object.keys(changed).length > 0) this.#ports.patch(changed as Partial<RoomView>);
  }
}
