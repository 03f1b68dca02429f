import { describe, expect, it } from 'vitest';
import { roomsSettingsSchema } from './settings.ts';

describe('settings', () => {
  it('[RM10] have defaults for everything', () => {
    expect(roomsSettingsSchema.parse({})).toEqual({
      defaultCapacity: 16,
      maxCapacity: 50,
      maxRooms: 10_000,
      defaultPrivilegeMap: 255,
      leaseMs: 30_000,
      revocationMs: 3_600_000,
      maxRevocations: 256,
      reconcileGraceMs: 5000,
      maxListLimit: 100,
    });
  });

  it.each([{ defaultCapacity: 60 }, { maxCapacity: 0 }, { leaseMs: 10 }, { defaultPrivilegeMap: 256 }, { unknown: 1 }])(
    '[RM10] %j is refused',
    (settings) => {
      expect(roomsSettingsSchema.safeParse(settings).success).toBe(false);
    },
  );
});
