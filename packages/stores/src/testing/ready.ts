import { readSync, writeSync } from 'node:fs';

/** In a child: says that it is ready, and waits until its parent lets all go on together. */
export function ready(): void {
  writeSync(1, '\n');
  readSync(0, Buffer.alloc(1));
}
