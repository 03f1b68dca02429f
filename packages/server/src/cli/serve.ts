import { startServer } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { createLogger, logDestination } from '../http/logger.ts';
import { banner } from './banner.ts';
import { EXIT } from './exit.ts';
import { print } from './output.ts';

/** Everything has ended by then, or is ended. */
const STOP_MS = 1_500;

/** Runs the server until it is told to stop. Answers the exit code. */
export async function serve(config: Config): Promise<number> {
  const log = createLogger(config.log, await logDestination(config.log, process.stdout.isTTY === true));
  const stopped = stopSignal();
  const server = await startServer(config, log);
  print(banner(server, config));
  const reason = await stopped;
  print(`Stopping (${reason}) …`);
  await server.stop(STOP_MS);
  // A socket or thread that does not end by itself must not hold the process.
  setTimeout(() => process.exit(EXIT.ok), 300).unref();
  return EXIT.ok;
}

/** Resolves at the first request to stop. Later ones change nothing: a terminal and npm may each send their own. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // Started by scripts/start.mjs: when that is gone, nobody would stop us.
    if (process.channel !== undefined && process.channel !== null) {
      process.once('disconnect', () => resolve('the starter has gone'));
      process.channel.unref();
    }
  });
}
