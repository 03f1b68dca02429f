import { FUNCTIONS, type FunctionName, LianmaiError, type ParsedEvent } from '@lianmai/protocol';
import type { z } from 'zod';

/**
 * Validates the event of a function.
 * @throws LianmaiError invalidRoomId for a roomID that is there but wrong, else invalidArgument naming the field.
 */
export function parseEvent<N extends FunctionName>(name: N, body: unknown): ParsedEvent<N> {
  const event = body ?? {};
  const parsed = FUNCTIONS[name].event.safeParse(event);
  // The table's entry for N is what parsed, so the output is N's; TypeScript does not follow a lookup by a type variable.
  if (parsed.success) return parsed.data as ParsedEvent<N>;
  throw argumentError(parsed.error, event);
}

function argumentError(error: z.ZodError, event: unknown): LianmaiError {
  const issue = error.issues[0];
  if (issue === undefined || typeof event !== 'object' || event === null || Array.isArray(event)) {
    return new LianmaiError('invalidArgument', 'The event must be a JSON object.');
  }
  const field = issue.path.map(String).join('.');
  const value: unknown = Object.hasOwn(event, field) ? Reflect.get(event, field) : undefined;
  if (value === undefined && field !== '') return new LianmaiError('invalidArgument', `${field} is missing.`);
  if (field === 'roomID') return new LianmaiError('invalidRoomId');
  const problem = issue.message.replace(/\.$/, '');
  return new LianmaiError('invalidArgument', field === '' ? `${problem}.` : `${field}: ${problem}.`);
}
