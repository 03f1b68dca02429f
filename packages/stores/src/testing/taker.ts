/** One of several processes that take the same login codes at the same moment. Prints the hashes that it got. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../sqlite/open.ts';
import { ready } from './ready.ts';

const [path, count] = process.argv.slice(2);
if (path !== undefined) {
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  ready();
  const got: string[] = [];
  for (let number = 0; number < Number(count); number += 1) {
    const code = await stores.loginCodes.takeLoginCode(`hash-${number}`, 0);
    if (code !== null) got.push(code.hash);
  }
  await stores.close();
  writeSync(1, JSON.stringify(got));
}
