import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The Node that runs the sources; it came in with the dependencies. */
export const node = join(root, 'node_modules', '.bin', 'node');
export const bin = (name) => join(root, 'node_modules', '.bin', name);
export const installed = existsSync(node);
