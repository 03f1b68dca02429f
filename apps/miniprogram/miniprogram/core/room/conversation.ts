import type { PhoneChat } from '@lianmai/protocol/phone-signal';
import {
  type CustomMessage,
  GROUP_NOTICE,
  IM_FAILURE,
  type ImEvent,
  type ImFailure,
  imFailure,
  messageOfChat,
  refuseText,
  textOfCustom,
} from '../im.ts';
import type { LinkRequest, Reply } from '../link/link.ts';

type Done = ((answer: { readonly ActionStatus: 'OK'; readonly ErrorCode: 0 }) => void) | undefined;
type Failed = ((failure: ImFailure) => void) | undefined;

/** Ids of messages that are remembered, so that the history after coming back tells none twice. */
const MAX_KNOWN = 200;

/**
 * The instant messages of one component, over the conversation that phones and browsers of a room share. The original fired
 * system notices, changes of the group and kicks with a wrong tag and without their payload; here every tag carries its own.
 */
export class Conversation {
  readonly #fire: (event: ImEvent) => void;
  #enabled = false;
  #roomId = '';
  #selfId = '';
  #joined = false;
  #known = new Set<string>();

  constructor(fire: (event: ImEvent) => void) {
    this.#fire = fire;
  }

  begin(enabled: boolean, roomId: string, selfId: string): void {
    this.#enabled = enabled;
    this.#roomId = roomId;
    this.#selfId = selfId;
    this.#joined = false;
    this.#known = new Set();
  }

  /** The stay is over: nothing more is told of it. */
  end(): void {
    this.#enabled = false;
  }

  /** Connected, for the first time or again; the last messages come with it. */
  history(chat: readonly PhoneChat[], selfName: string): void {
    const again = this.#joined;
    if (!again) {
      this.#joined = true;
      this.#tell('login_event', 0, { ActionStatus: 'OK', ErrorCode: 0, identifierNick: selfName });
      this.#tell('join_group_event', 0, { ActionStatus: 'OK', ErrorCode: 0, GroupId: this.#roomId });
    } else {
      this.#tell('connection_event', 0, { ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: 'connected' });
    }
    // One's own lines of this stay are known to the page already: nobody is told what he said himself.
    this.#messages(again ? chat.filter((message) => message.userid !== this.#selfId) : chat);
  }

  chat(message: PhoneChat): void {
    this.#messages([message]);
  }

  /** The connection is gone and is being tried again: the original's ErrorCode for it is 2. */
  lost(): void {
    if (this.#joined) this.#tell('connection_event', 2, { ActionStatus: 'FAIL', ErrorCode: 2, ErrorInfo: 'lost' });
  }

  owner(ownerId: string): void {
    this.#tell('group_info_change_notify', 0, { GroupId: this.#roomId, OwnerAccount: ownerId });
  }

  ended(reason: string, message: string): void {
    if (reason === 'duplicate') this.#tell('kicked', 0, { GroupId: this.#roomId, UserDefinedField: message });
    if (reason === 'kicked' || reason === 'dissolved') {
      const notice = GROUP_NOTICE[reason];
      const detail = { GroupId: this.#roomId, ReportType: notice, UserDefinedField: message };
      this.#tell('group_system_notifys', notice, detail);
    }
  }

  sendText(line: string, ask: (request: LinkRequest) => Promise<Reply>, done: Done, failed: Failed): void {
    const refused = refuseText(line);
    if (refused !== null) {
      failed?.(refused);
      return;
    }
    void ask({ type: 'chat', text: line }).then((reply) => {
      if (reply.code === 0) done?.({ ActionStatus: 'OK', ErrorCode: 0 });
      else failed?.(imFailure(IM_FAILURE.server, reply.message));
    });
  }

  sendCustom(message: CustomMessage, ask: (request: LinkRequest) => Promise<Reply>, done: Done, failed: Failed): void {
    const empty = message.data === '' && message.desc === '' && message.ext === '';
    this.sendText(empty ? '' : textOfCustom(message), ask, done, failed);
  }

  /** A message to one person: the conversation of a room is heard by all, so this must not go there. */
  refusePrivate(to: string, failed: Failed): void {
    failed?.(
      to === ''
        ? imFailure(IM_FAILURE.noReceiver, 'There is no receiver.')
        : imFailure(IM_FAILURE.server, 'Messages to one person are not carried. Send to the group.'),
    );
  }

  #messages(chat: readonly PhoneChat[]): void {
    const fresh = chat.filter((message) => !this.#known.has(message.id));
    for (const message of fresh) this.#known.add(message.id);
    for (const id of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(id);
    }
    if (fresh.length === 0) return;
    const messages = fresh.map((message) => messageOfChat(message, this.#roomId, this.#selfId));
    this.#tell('big_group_msg_notify', 0, messages);
  }

  #tell(tag: ImEvent['tag'], code: number, detail: unknown): void {
    if (this.#enabled) this.#fire({ tag, code, detail });
  }
}
