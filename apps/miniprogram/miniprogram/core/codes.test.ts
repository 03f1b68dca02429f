import { PHONE_CODES } from '@lianmai/protocol';
import { expect, it } from 'vitest';
import { HOPELESS_PUSH, TICKET_CLOSE_CODES } from './codes.ts';

it("[WR55] codes after which no push is tried again are the protocol's", () => {
  const { kicked, roomEnded, notAllowed, bFrames, badMedia, tooMuch, encrypted } = PHONE_CODES;
  const hopeless = [kicked, roomEnded, notAllowed, bFrames, badMedia, tooMuch, encrypted];
  expect([...HOPELESS_PUSH].sort()).toEqual(hopeless.map(({ code }) => code).sort());
});

it("[WR53] close codes that ask for fresh tickets are the protocol's", () => {
  const { badTicket, ticketExpired } = PHONE_CODES;
  expect([...TICKET_CLOSE_CODES]).toEqual([badTicket, ticketExpired].map(({ code }) => 4_000 + (code % 100)));
});
