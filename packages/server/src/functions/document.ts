/** The tables of the specification, made from what the code uses, so that they cannot drift from it. */
import { CODES, FUNCTIONS, type FunctionSpec, ROOMSIG_ERRORS } from '@lianmai/protocol';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** Result codes of the functions, with the original demo's beside them. */
export function codesTable(): string {
  const rows = Object.entries(CODES).map(([name, { code, status, message, original }]) => [
    String(code),
    `\`${name}\``,
    String(status),
    message,
    original ?? '–',
  ]);
  return table(['code', 'name', 'HTTP', 'message', 'in the original'], rows);
}

/** The functions and their aliases. */
export function functionsTable(): string {
  const rows = Object.entries(FUNCTIONS).map(([name, spec]: [string, FunctionSpec]) => [
    `\`${name}\``,
    spec.aliases.map((alias) => `\`${alias}\``).join(' ') || '–',
    spec.access === 'none' ? 'anybody' : 'session or server key',
    spec.summary,
  ]);
  return table(['function', 'alias', 'who', 'what'], rows);
}

/** Error codes of roomsig. */
export function roomsigTable(): string {
  const rows = Object.entries(ROOMSIG_ERRORS).map(([name, { code, message }]) => [
    String(code),
    `\`${name}\``,
    message,
  ]);
  return table(['ErrorCode', 'name', 'ErrorInfo'], rows);
}
