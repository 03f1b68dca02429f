import { describe, expect, it } from 'vitest';
import { checkRoomNumber } from './room-number.ts';

describe('[WEB1] a room number is checked as it is typed', () => {
  it.each(['1', '4321', '4294967294'])('takes %s', (typed) => {
    expect(checkRoomNumber(typed)).toEqual({ ok: true, roomId: typed });
  });

  it('takes blanks around it and the full-width digits of Chinese keyboards', () => {
    expect(checkRoomNumber(' ４３２１ ')).toEqual({ ok: true, roomId: '4321' });
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['12a', 'digits'],
    ['-1', 'digits'],
    ['1.5', 'digits'],
    ['1e3', 'digits'],
    ['0', 'leading-zero'],
    ['007', 'leading-zero'],
    ['4294967295', 'too-big'],
    ['99999999999999999999', 'too-big'],
  ] as const)('says what is wrong with %j: %s', (typed, problem) => {
    expect(checkRoomNumber(typed)).toEqual({ ok: false, problem });
  });
});
