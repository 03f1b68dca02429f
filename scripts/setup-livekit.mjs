/** A real livekit-server for `npm run test:livekit`: the given binary, one from an earlier run, or `go install`. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/children.mjs';

/** The newest version that `go install` takes: later ones carry `replace` lines. */
const VERSION = 'v1.13.5';

/**
 * Path of the binary, or null and one line that says why there is none.
 *
 * @returns {Promise<string | null>}
 */
export async function setupLiveKit() {
  const given = process.env.LIVEKIT_SERVER_BIN;
  if (given !== undefined) {
    if (existsSync(given)) return given;
    console.log(`LIVEKIT_SERVER_BIN is set to ${given}, which is not there.`);
    return null;
  }
  const installed = join(homedir(), 'go', 'bin', 'server');
  if (existsSync(installed)) return installed;
  const go = existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : 'go';
  if ((await run(go, ['version'], { quiet: true })).code !== 0) {
    console.log('No livekit-server here: Go is missing and LIVEKIT_SERVER_BIN is not set.');
    return null;
  }
  console.log(`Installing livekit-server ${VERSION} with Go (about 90 s, once).`);
  const target = `github.com/livekit/livekit-server/cmd/server@${VERSION}`;
  const { code } = await run(go, ['install', target], {
    quiet: true,
    env: { GOBIN: join(homedir(), 'go', 'bin') },
    timeoutMs: 900_000,
  });
  if (code === 0 && existsSync(installed)) return installed;
  console.log(`livekit-server ${VERSION} could not be installed; see above.`);
  return null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = await setupLiveKit();
  if (path !== null) console.log(path);
  process.exit(path === null ? 1 : 0);
}
