import { ALL_PRIVILEGES } from '@lianmai/protocol';
import { z } from 'zod';

/** Limits and lifetimes of rooms, each with its default. */
export const roomsSettingsSchema = z
  .strictObject({
    defaultCapacity: z
      .int()
      .min(1)
      .max(1000)
      .default(16)
      .meta({ description: 'Seats of a room that names no capacity.' }),
    maxCapacity: z.int().min(1).max(1000).default(50).meta({ description: 'Most seats that a room may ask for.' }),
    maxRooms: z.int().min(1).default(10_000).meta({ description: 'Live rooms of the whole server.' }),
    defaultPrivilegeMap: z
      .int()
      .min(0)
      .max(ALL_PRIVILEGES)
      .default(ALL_PRIVILEGES)
      .meta({ description: 'Privilege bits of members.' }),
    leaseMs: z
      .int()
      .min(1000)
      .default(30_000)
      .meta({ description: 'Life of a seat without media presence or heartbeat, ms.' }),
    revocationMs: z.int().min(0).default(3_600_000).meta({ description: 'How long a removal outlives its room, ms.' }),
    maxRevocations: z
      .int()
      .min(1)
      .max(10_000)
      .default(256)
      .meta({ description: 'Removed users that a room remembers.' }),
    reconcileGraceMs: z
      .int()
      .min(0)
      .default(5000)
      .meta({ description: 'A listing frees no seat taken within this time, ms.' }),
    maxListLimit: z.int().min(1).max(1000).default(100).meta({ description: 'Most rooms on one page of the list.' }),
  })
  .refine((settings) => settings.defaultCapacity <= settings.maxCapacity, {
    message: 'defaultCapacity must not be above maxCapacity.',
  });

export type RoomsSettings = z.output<typeof roomsSettingsSchema>;
export type RoomsSettingsInput = z.input<typeof roomsSettingsSchema>;
