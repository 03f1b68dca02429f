import { CODES, ROOMSIG_ERRORS } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { FAILURE_REASONS, reasonOfFunctionCode, reasonOfRoomsigCode } from './failure.ts';

describe('[CC1] every code has a reason that clients have words for', () => {
  it.each(Object.entries(CODES).filter(([name]) => name !== 'ok'))('function code %s', (_name, entry) => {
    expect(FAILURE_REASONS).toContain(reasonOfFunctionCode(entry.code));
  });

  it.each(Object.entries(ROOMSIG_ERRORS))('roomsig error %s', (_name, entry) => {
    expect(FAILURE_REASONS).toContain(reasonOfRoomsigCode(entry.code));
  });

  it('tells full, kicked, no such room and no permission apart', () => {
    expect(reasonOfFunctionCode(10005)).toBe('full');
    expect(reasonOfFunctionCode(10009)).toBe('kicked');
    expect(reasonOfFunctionCode(10003)).toBe('no-such-room');
    expect(reasonOfFunctionCode(10016)).toBe('no-permission');
    expect(reasonOfRoomsigCode(-102052)).toBe('full');
    expect(reasonOfRoomsigCode(-102011)).toBe('no-permission');
  });

  it('takes an unknown code for a fault of the server', () => {
    expect(reasonOfFunctionCode(99999)).toBe('server');
    expect(reasonOfRoomsigCode(-1)).toBe('server');
  });
});
