/** A gateway's stand-in for the test of orphans: makes a pool, tells the processes' ids, and waits to be killed. */
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { makePool } from './pools.ts';

const pool = await makePool({ processes: 2 });
const word = JSON.stringify({ unavailable: pool.unavailable, pids: pool.processes() });
if (parentPort === null) writeSync(1, `${word}\n`);
else parentPort.postMessage(word);
setInterval(() => {}, 1_000);
