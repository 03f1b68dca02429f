import { CODES, PHONE_CODES, ROOMSIG_ERRORS } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en.ts';
import { LANGUAGES, wordsOf } from '../i18n/index.ts';
import { ClientError, FAILURE_REASONS } from './core.ts';
import { describe as describeProblem, problemOfCode, problemOfEnd, problemOfError } from './problems.ts';

const component = [-4, -5, -6, -7, -8, -9, -10, -11, 19];
const devices = [-1301, -1302, -1303, -1307, -1308, -1313, -1326, -2301, -2302, -3301, 1019, 1021, 1022, 3001, 3004];
const signalling = Object.values(PHONE_CODES).map(({ code }) => code);
const functions = Object.values(CODES).map(({ code }) => code);
const roomsig = Object.values(ROOMSIG_ERRORS).map(({ code }) => code);
const codes = [...component, ...devices, ...signalling, ...functions, ...roomsig].filter((code) => code !== 0);

describe('[MP6] what went wrong', () => {
  it.each(codes)('%i has a sentence of its own in every language', (code) => {
    const problem = problemOfCode(code);
    expect(problem.key).not.toBe('unknown');
    for (const language of LANGUAGES) {
      const { title, body, action } = describeProblem(problem, wordsOf(language));
      expect([title, body, action].every((text) => text.length > 1)).toBe(true);
      expect(title + body).not.toContain(String(code));
    }
  });

  it('a code that nobody knows has a sentence too, with its number beside it', () => {
    expect(describeProblem(problemOfCode(424_242), en)).toMatchObject({ key: 'unknown', code: 'Code 424242' });
  });

  it.each(['kicked', 'dissolved', 'duplicate', 'left', 'expired', 'encrypted', 'server-restart', 'refused'])(
    'the end “%s” has words and a next step',
    (reason) => {
      expect(problemOfEnd(reason, 0).key).not.toBe('unknown');
    },
  );

  it('a refusal is as precise as its code', () => {
    expect(problemOfEnd('refused', 20007)).toEqual({ key: 'full', code: 20007 });
  });

  it('every reason of the shared client has words', () => {
    for (const reason of FAILURE_REASONS) expect(en.problem[reason].body.length).toBeGreaterThan(10);
    expect(problemOfError(new ClientError('full', '', { code: 10005 }))).toEqual({ key: 'full', code: 10005 });
    expect(problemOfError(new TypeError('x')).key).toBe('server');
  });

  it('next steps fit: nobody is sent back into a room that will not have him', () => {
    const step = (key: 'kicked' | 'dissolved' | 'duplicate-identity' | 'permission' | 'network') =>
      describeProblem({ key, code: null }, en).step;
    expect(step('kicked')).toBe('rooms');
    expect(step('dissolved')).toBe('rooms');
    expect(step('duplicate-identity')).toBe('takeBack');
    expect(step('permission')).toBe('settings');
    expect(step('network')).toBe('rejoin');
  });
});
