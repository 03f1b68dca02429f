import { LianmaiError } from '@lianmai/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RoomsSettingsInput } from '../settings.ts';
import { APP, type Lab, present, room, SERVER, user } from './lab.ts';
import { Believer, Model, type Verdict } from './model.ts';

const LIMITS = { leaseMs: 1000, revocationMs: 3000, graceMs: 200 };
const CAPACITY = 3;

const userIds = fc.constantFrom('ann', 'bob', 'cat', 'dan', 'eve');
const roomIds = fc.constantFrom('1', '2');
const sids = fc.constantFrom('PA_1', 'PA_2', 'PA_3');
const actors = fc.option(userIds, { nil: null });

const presences = fc.uniqueArray(fc.record({ userId: userIds, sid: sids }), {
  selector: (one) => one.userId,
  maxLength: 4,
});

const steps = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('enter' as const), id: roomIds, who: userIds, mayCreate: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('create' as const),
      id: roomIds,
      who: userIds,
      capacity: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('quit' as const), id: roomIds, who: userIds }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('heartbeat' as const), id: roomIds, who: userIds }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('kick' as const), id: roomIds, actor: actors, who: userIds }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('forgive' as const), id: roomIds, actor: actors, who: userIds }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('dissolve' as const), id: roomIds, actor: actors }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('joined' as const), id: roomIds, who: userIds, sid: sids }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('left' as const),
      id: roomIds,
      who: userIds,
      sid: sids,
      awaited: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('reconcile' as const),
      id: roomIds,
      listing: presences,
      awaited: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restarted' as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('sweep' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(1, 100, 200, 500, 999, 1000, 3000) }),
  },
);

type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never;

/** Random sequences of calls against the plain model; the seed of a failure is in its message. */
export function modelSuite(lab: (settings?: RoomsSettingsInput) => Promise<Lab>, numRuns: number): void {
  describe('model', () => {
    it('[RM72] [RM90] any sequence of calls ends as the model says, keeps the invariants, and its events tell all of it', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { maxLength: 60, size: 'max' }), async (sequence) => {
          const hall = await lab({
            defaultCapacity: CAPACITY,
            leaseMs: LIMITS.leaseMs,
            revocationMs: LIMITS.revocationMs,
            reconcileGraceMs: LIMITS.graceMs,
          });
          const model = new Model(LIMITS, hall.now);
          const believer = new Believer();
          for (const step of sequence) {
            if (step.op === 'wait') model.now = hall.now += step.ms;
            model.settle();
            expect({ step, verdict: await real(hall, step) }).toEqual({ step, verdict: expected(model, step) });
            await invariants(hall);
          }
          // Whatever lapsed in rooms that nobody asked for since has still to be told.
          model.settle();
          await hall.rooms.sweep();
          for (const event of hall.events) believer.hear(event);
          expect(await actual(hall)).toEqual(model.snapshot());
          expect(believer.snapshot()).toEqual(await told(hall));
        }),
        { numRuns },
      );
    }, 300_000);
  });
}

function actor(name: string | null): typeof SERVER {
  return name === null ? SERVER : user(name);
}

async function real(hall: Lab, step: Step): Promise<Verdict> {
  try {
    return await call(hall, step);
  } catch (error) {
    if (error instanceof LianmaiError) return error.reason;
    throw error;
  }
}

async function call({ rooms }: Lab, step: Step): Promise<Verdict> {
  switch (step.op) {
    case 'enter':
      await rooms.enter({ ...room(step.id), userId: step.who, userName: step.who, mayCreate: step.mayCreate });
      return 'ok';
    case 'create':
      await rooms.create(user(step.who), {
        key: room(step.id),
        userId: step.who,
        userName: step.who,
        capacity: step.capacity,
      });
      return 'ok';
    case 'quit':
      await rooms.quit(room(step.id), step.who);
      return 'ok';
    case 'heartbeat':
      await rooms.heartbeat(room(step.id), step.who);
      return 'ok';
    case 'kick':
      await rooms.kick(actor(step.actor), room(step.id), step.who);
      return 'ok';
    case 'forgive':
      await rooms.forgive(actor(step.actor), room(step.id), step.who);
      return 'ok';
    case 'dissolve':
      await rooms.dissolve(actor(step.actor), room(step.id));
      return 'ok';
    case 'joined':
      return rooms.mediaJoined(room(step.id), present(step.who, step.sid));
    case 'left':
      await rooms.mediaLeft(room(step.id), present(step.who, step.sid), () => step.awaited);
      return 'ok';
    case 'reconcile': {
      const { refused } = await rooms.reconcile(
        room(step.id),
        step.listing.map((one) => present(one.userId, one.sid)),
        () => step.awaited,
      );
      return `refused ${refused.map((one) => one.userId).join(' ')}`;
    }
    case 'restarted':
      await rooms.mediaRestarted(APP);
      return 'ok';
    case 'sweep':
      await rooms.sweep();
      return 'ok';
    case 'wait':
      return 'ok';
  }
}

function expected(model: Model, step: Step): Verdict {
  switch (step.op) {
    case 'enter':
      return model.enter(step.id, step.who, step.mayCreate, CAPACITY);
    case 'create':
      return model.create(step.id, step.who, step.capacity);
    case 'quit':
      return model.quit(step.id, step.who);
    case 'heartbeat':
      return model.heartbeat(step.id, step.who);
    case 'kick':
      return model.kick(step.id, step.actor, step.who);
    case 'forgive':
      return model.forgive(step.id, step.actor, step.who);
    case 'dissolve':
      return model.dissolve(step.id, step.actor);
    case 'joined':
      return model.joined(step.id, step.who, step.sid);
    case 'left':
      return model.left(step.id, step.who, step.sid, step.awaited);
    case 'reconcile':
      return model.reconcile(
        step.id,
        step.listing.map((one) => present(one.userId, one.sid)),
        step.awaited,
      );
    case 'restarted':
      return model.restarted();
    case 'sweep':
    case 'wait':
      return 'ok';
  }
}

/** What holds of every stored document, at any time. */
async function invariants(hall: Lab): Promise<void> {
  for (const { state } of await hall.store.scan({}, null, 100)) {
    const names = state.live?.seats.map((seat) => seat.userId) ?? [];
    expect(new Set(names).size).toBe(names.length);
    if (state.live === null) expect(state.revocations).not.toEqual([]);
    else {
      expect(names.length).toBeGreaterThan(0);
      expect(names.length).toBeLessThanOrEqual(state.live.capacity);
      expect(names).toContain(state.live.ownerId);
      for (const { userId, until } of state.revocations) if (until === null) expect(names).not.toContain(userId);
    }
  }
}

/** The stored state in the form of {@link Model.snapshot}. */
async function actual(hall: Lab): Promise<unknown> {
  const stored = await hall.store.scan({}, null, 100);
  const rooms = stored.flatMap(({ roomId, state: { live } }) =>
    live === null ? [] : [[roomId, live.creator, live.ownerId, live.capacity, live.seats.map((seat) => seat.userId)]],
  );
  const removed = stored.flatMap(({ roomId, state }) => state.revocations.map((one) => `${roomId} ${one.userId}`));
  return { rooms: rooms.sort(), removed: removed.sort() };
}

/** The stored state in the form of {@link Believer.snapshot}. */
async function told(hall: Lab): Promise<unknown> {
  const stored = await hall.store.scan({}, null, 100);
  const rooms = stored.flatMap(({ roomId, state: { live } }) =>
    live === null ? [] : [[roomId, live.ownerId, live.seats.map((seat) => seat.userId).sort()]],
  );
  const removed = stored.flatMap(({ roomId, state }) => state.revocations.map((one) => `${roomId} ${one.userId}`));
  return { rooms: rooms.sort(), removed: removed.sort() };
}
