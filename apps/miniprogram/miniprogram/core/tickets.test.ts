import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from './testing/fakes.ts';
import { TicketHolder } from './tickets.ts';

let clock: FakeClock;
let holder: TicketHolder;
let asked: string[];

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  holder = new TicketHolder(clock, 15_000, (reason) => asked.push(reason));
});

const ticket = (n: number, lifeMs: number) => ({
  userSig: `sig${n}`,
  privateMapKey: `key${n}`,
  expiresAt: lifeMs === 0 ? 0 : clock.now() + lifeMs,
});

describe('tickets', () => {
  it('[WR60] are asked for anew at two thirds of what is left of their life, while they are in use', async () => {
    holder.set(ticket(1, 305_000));
    await clock.advance(100_000);
    expect(asked).toEqual([]);
    holder.activate(true);
    await clock.advance((200_000 * 2) / 3 - 1);
    expect(asked).toEqual([]);
    await clock.advance(1);
    expect(asked).toEqual(['expiring']);
    holder.set(ticket(2, 305_000));
    holder.activate(false);
    await clock.advance(300_000);
    expect(asked).toEqual(['expiring']);
  });

  it('[WR60] are asked for again when none came, ever sooner, a few times', async () => {
    holder.set(ticket(1, 305_000));
    holder.activate(true);
    await clock.advance(199_999);
    expect(asked).toHaveLength(0);
    for (const wait of [1, 66_667, 22_223, 7_408]) {
      const before = asked.length;
      await clock.advance(wait);
      expect(asked).toHaveLength(before + 1);
    }
    await clock.advance(600_000);
    expect(asked).toEqual(Array(4).fill('expiring'));
    expect(clock.pending).toBe(0);
  });

  it('[WR61] that have run out are not sent: fresh ones are waited for', async () => {
    holder.set(ticket(1, 6_000));
    await clock.advance(2_000);
    const got = holder.get();
    const also = holder.get();
    expect(asked).toEqual(['expired']);
    holder.set(ticket(2, 300_000));
    expect((await got)?.userSig).toBe('sig2');
    expect((await also)?.userSig).toBe('sig2');
    expect((await holder.get())?.userSig).toBe('sig2');
    expect(asked).toEqual(['expired']);
  });

  it('[WR62] that were refused are not sent again, not even when the same ones are handed in', async () => {
    holder.set(ticket(1, 0));
    expect((await holder.get())?.userSig).toBe('sig1');
    holder.refuse();
    let got: unknown = 'waiting';
    void holder.get().then((value) => {
      got = value;
    });
    holder.set(ticket(1, 300_000));
    await settle();
    expect(got).toBe('waiting');
    holder.set(ticket(2, 0));
    await settle();
    expect(got).toMatchObject({ userSig: 'sig2' });
    expect(asked).toEqual(['refused']);
  });

  it.each([
    ['tickets, then their end', { userSig: 'sig2', privateMapKey: 'key2' }],
    ['the end, then the tickets', { expiresAt: 300_000 }],
    ['one ticket, then the rest', { userSig: 'sig2' }],
  ])('[WR61] may come piece by piece: %s', async (_order, piece) => {
    holder.set(ticket(1, 6_000));
    await clock.advance(2_000);
    const fresh = ticket(2, 300_000);
    const expiresAt = 'expiresAt' in piece ? fresh.expiresAt : clock.now() + 4_000;
    const got = holder.get();
    holder.set({ ...ticket(1, 0), ...piece, expiresAt });
    holder.set(fresh);
    await settle();
    expect(clock.pending).toBe(0);
    expect(await got).toEqual(fresh);
  });

  it('[WR62] after a refusal wait for the last piece', async () => {
    holder.set(ticket(1, 0));
    holder.refuse();
    const got = holder.get();
    holder.set({ ...ticket(1, 0), userSig: 'sig2' });
    holder.set(ticket(2, 0));
    expect(await got).toEqual(ticket(2, 0));
  });

  it('[WR61] are not waited for without end', async () => {
    const got = holder.get();
    await clock.advance(15_000);
    expect(await got).toBeNull();
    const again = holder.get();
    expect(asked).toEqual(['expired', 'expired']);
    holder.activate(false);
    expect(await again).toBeNull();
    expect(clock.pending).toBe(0);
  });
});
