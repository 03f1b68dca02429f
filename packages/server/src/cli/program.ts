import { Command, CommanderError } from 'commander';
import type { CaptureOptions } from './capture.ts';
import { EXIT, ExitError } from './exit.ts';
import { addSettings, configOf } from './options.ts';
import { complain } from './output.ts';

/** What the commands that only look into the data folder need to know. */
const STORE_FLAGS = ['data-dir', 'database-url', 'api-key', 'api-secret'];

/** Runs the `lianmai` command. Answers its exit code; never throws. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof ExitError) {
      complain(`lianmai: ${error.message}`);
      return error.exitCode;
    }
    complain(`lianmai: unexpected failure: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.software;
  }
}

/** Each command loads its code when it is called: `--help` need not wait for a server's worth of modules. */
function createProgram(exit: (code: number) => void): Command {
  const program = new Command('lianmai')
    .description('Self-hosted real-time rooms for WeChat mini programs, browsers and native apps.')
    .version('0.1.0')
    .showHelpAfterError('(lianmai --help lists the commands)')
    .exitOverride();

  addSettings(program.command('serve').description('start the server')).action(async (_options, command: Command) => {
    const { serve } = await import('./serve.ts');
    exit(await serve(configOf(command)));
  });

  addSettings(
    program.command('keys').description('print the application and the API key as JSON (made when absent)'),
    STORE_FLAGS,
  ).action(async (_options, command: Command) => {
    const { keys } = await import('./keys.ts');
    await keys(configOf(command));
  });

  program
    .command('keygen')
    .description('make a key pair for tickets, or an API key, and print it as JSON; nothing is kept')
    .option('--curve <name>', 'prime256v1 or secp256k1', 'prime256v1')
    .option('--api', 'an API key and secret instead')
    .action(async (options: { curve: string; api?: true }) => {
      const { keygen } = await import('./keys.ts');
      keygen(options);
    });

  const rooms = program.command('rooms').description('look at the rooms');
  addSettings(
    rooms.command('list').description('list the rooms of the data folder, or of a running server'),
    STORE_FLAGS,
  )
    .option('--url <url>', 'ask this running server, with the API key')
    .option('--json', 'JSON instead of a table')
    .action(async (options: { url?: string; json?: true }, command: Command) => {
      const { listRooms } = await import('./rooms.ts');
      await listRooms(configOf(command), options);
    });

  const ticketOptions = (command: Command) =>
    command
      .requiredOption('--key <file|secret>', 'PEM file (v1), or the secret text (v2)')
      .requiredOption('--sdkappid <n>', 'sdkAppID')
      .requiredOption('--user <id>', 'user id')
      .option('--room <room>', 'a privateMapKey for this room: a number, or a text room with --string-room')
      .option('--string-room', 'the room is a text room');
  ticketOptions(program.command('sign').description('sign a userSig, or with --room a privateMapKey; prints JSON'))
    .option('--privileges <bits>', 'privilege bits, 0–255', '255')
    .option('--expire <seconds>', 'life of the ticket', '3600')
    .option('--account-type <text>', 'account type (v1)', '0')
    .action(async (options) => {
      const { sign } = await import('./tickets.ts');
      sign(options);
    });
  ticketOptions(
    program
      .command('verify')
      .description('verify a ticket; prints JSON; exit code 0 valid, 2 not valid with the reason'),
  )
    .option('--privileges <bits>', 'bits that the privateMapKey must grant', '0')
    .option('--at <unix seconds>', 'as of this moment instead of now')
    .argument('<ticket>', 'the userSig, or with --room the privateMapKey')
    .action(async (ticket: string, options) => {
      const { verify } = await import('./tickets.ts');
      exit(verify(ticket, options));
    });

  addSettings(
    program
      .command('cert')
      .description('make a local authority and a certificate, so that phones on the LAN get https'),
    ['data-dir'],
  )
    .option('--name <names>', 'further host names or addresses, comma-separated', '')
    .action(async (options: { name: string }, command: Command) => {
      const { cert } = await import('./cert.ts');
      await cert(configOf(command), options);
    });

  addSettings(
    program
      .command('capture')
      .description(
        'write the first seconds of the next push of a phone to <out>.jsonl and <out>.flv, tickets redacted, through a running server',
      )
      .argument('<stream>', '<sdkAppID>_<roomID>_<userID>, or the whole push URL'),
    [...STORE_FLAGS, 'port', 'host', 'tls'],
  )
    .option('--seconds <n>', 'how long, from the push on; 1 to 60', '10')
    .option('--out <path>', 'both files, without their endings (default: capture-<stream>)')
    .option('--url <url>', 'the running server (default: on this machine, by the settings)')
    .option('--refused', 'write the next push also when it is refused (default: tell of it, and wait on)')
    .action(async (stream: string, options: CaptureOptions, command: Command) => {
      const { capture } = await import('./capture.ts');
      await capture(configOf(command), stream, options);
    });

  program
    .command('config')
    .description('print the annotated sample configuration (or, with --table, the table of the documentation)')
    .option('--table', 'the table')
    .action(async (options: { table?: true }) => {
      const { printConfig } = await import('./config.ts');
      printConfig(options);
    });
  return program;
}
