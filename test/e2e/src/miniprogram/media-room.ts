import type { CloudPhone } from './cloud-phone.ts';
import type { Entry, Tencent } from './tencent.ts';

interface Present {
  readonly phone: CloudPhone;
  readonly entry: Entry;
}

/**
 * A media room of Tencent's, as live-pusher tells of it: older clients hear the whole list by 1020, newer ones each change by
 * 1031 to 1034.
 */
export class MediaRoom {
  readonly #tencent: Tencent;
  readonly #present = new Map<string, Present>();

  constructor(tencent: Tencent) {
    this.#tencent = tencent;
  }

  /** Lets the phone in by what it pushes to now, and tells everybody. Answers the URL. */
  async enter(phone: CloudPhone, otherThan = ''): Promise<string> {
    const url = await phone.pushes(otherThan);
    const entry = this.#tencent.admit(url);
    if (entry.userId !== phone.openId) throw new Error(`${phone.openId} pushes as ${entry.userId}`);
    const older = this.#present.get(phone.openId)?.phone;
    this.#present.set(phone.openId, { phone, entry });
    await phone.pusherSays(1002, 'pushing');
    await phone.pusherSays(1018, 'entered');
    for (const other of this.#others(phone.openId)) {
      await this.#appear(phone, entry, other.entry);
      await this.#appear(other.phone, other.entry, entry);
    }
    // One place for one user: the newer phone has it.
    if (older !== undefined && older !== phone) await older.pusherSays(1019, 'entered elsewhere');
    return url;
  }

  /** The phone's picture, or its sound, is there or not. Newer clients alone are told. */
  async switched(phone: CloudPhone, kind: 'video' | 'audio', on: boolean): Promise<void> {
    for (const other of this.#others(phone.openId)) {
      if (other.entry.form === 'new') await this.#track(other.phone, phone.openId, kind, on);
    }
  }

  /** The phone is gone, on purpose or because nothing came of it any more. */
  async left(phone: CloudPhone): Promise<void> {
    this.#present.delete(phone.openId);
    for (const other of this.#others(phone.openId)) {
      const gone = { userlist: [{ userid: phone.openId }] };
      if (other.entry.form === 'new') await other.phone.pusherSays(1032, gone);
      else await this.#list(other.phone, other.entry);
    }
  }

  clear(): void {
    this.#present.clear();
  }

  #others(userId: string): Present[] {
    return [...this.#present.values()].filter(({ phone }) => phone.openId !== userId && phone.open);
  }

  async #appear(phone: CloudPhone, entry: Entry, { userId }: Entry): Promise<void> {
    if (entry.form === 'old') {
      await this.#list(phone, entry);
      return;
    }
    await phone.pusherSays(1031, { userlist: [{ userid: userId }] });
    await this.#track(phone, userId, 'video', true);
    await this.#track(phone, userId, 'audio', true);
  }

  #track(phone: CloudPhone, userid: string, kind: 'video' | 'audio', on: boolean): Promise<void> {
    const user = { userid, playurl: playUrlOf(userid) };
    const told = kind === 'video' ? { ...user, streamtype: 'main', hasvideo: on } : { ...user, hasaudio: on };
    return phone.pusherSays(kind === 'video' ? 1033 : 1034, { userlist: [told] });
  }

  #list(phone: CloudPhone, entry: Entry): Promise<void> {
    const userlist = this.#others(phone.openId).map(({ phone: { openId } }) => ({
      userid: openId,
      playurl: oldPlayUrlOf(entry.roomId, openId),
    }));
    return phone.pusherSays(1020, { userlist });
  }
}

/** Where newer clients play somebody from. */
export function playUrlOf(userId: string): string {
  return `room://rtc.tencent.com?userid=${userId}&streamtype=main`;
}

/** Where older clients play somebody from. */
export function oldPlayUrlOf(roomId: number, userId: string): string {
  return `room://183.3.225.15:1935/webrtc/1400000001_${roomId}_${userId}`;
}
