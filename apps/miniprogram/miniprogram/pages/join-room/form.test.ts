import { describe, expect, it } from 'vitest';
import { en } from '../../i18n/en.ts';
import { checkJoin } from './form.ts';

const form = { mode: 'number' as const, number: '4321', name: '', userName: null };

describe('[MP9] joining', () => {
  it.each([
    ['4321', '4321'],
    [' 4321 ', '4321'],
    ['４３２１', '4321'],
    ['4294967294', '4294967294'],
    ['1', '1'],
  ])('takes the number %j', (number, roomID) => {
    expect(checkJoin({ ...form, number }, en.join)).toEqual({ ok: true, query: { roomID }, userName: '' });
  });

  it.each([
    ['', en.join.number.empty],
    ['0', en.join.number.leadingZero],
    ['0042', en.join.number.leadingZero],
    ['12a', en.join.number.digits],
    ['-1', en.join.number.digits],
    ['1.5', en.join.number.digits],
    ['4294967295', en.join.number.tooBig],
    ['99999999999', en.join.number.tooBig],
  ])('says what is wrong with %j', (number, words) => {
    expect(checkJoin({ ...form, number }, en.join)).toEqual({ ok: false, room: words, user: '' });
  });

  it('takes a name for a new room, trimmed and bounded', () => {
    const by = (name: string) => checkJoin({ ...form, mode: 'name', name }, en.join);
    expect(by('  Weekly  ')).toMatchObject({ ok: true, query: { roomName: 'Weekly' } });
    expect(by('  ')).toMatchObject({ room: en.join.name.empty });
    expect(by('x'.repeat(65))).toMatchObject({ room: en.join.name.long });
  });

  it('asks guests who they are', () => {
    expect(checkJoin({ ...form, userName: ' ' }, en.join)).toMatchObject({ ok: false, user: en.join.user.empty });
    expect(checkJoin({ ...form, userName: '小李' }, en.join)).toMatchObject({ ok: true, userName: '小李' });
  });
});
