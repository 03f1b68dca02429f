/**
 * A codec process. Talks with the gateway over file descriptor 3 and ends when that closes. Arguments: the codec
 * library's package name, and the milliseconds without a word from the gateway after which it ends itself.
 */
import { Socket } from 'node:net';
import type { Hello } from '../orders.ts';
import { MessageType, WireReader, WireWriter } from '../wire.ts';
import { type Library, loadLibrary } from './library.ts';
import { Runner } from './runner.ts';
import { warmUp } from './warm-up.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

const [name = 'node-av', silence = '30000'] = process.argv.slice(2);

const socket = new Socket({ fd: 3 });
const writer = new WireWriter(socket);
let runner: Runner | null = null;
let watchdog: Watchdog | null = null;

const reader = new WireReader((message) => {
  if (message.type === MessageType.ping) {
    watchdog?.alive();
    writer.signal(MessageType.pong, 0);
  } else {
    runner?.receive(message);
  }
});

// However the gateway went, nothing here is of use to anybody else.
socket.on('error', () => process.exit(0));
socket.on('close', () => process.exit(0));
socket.on('end', () => process.exit(0));
// Ctrl-C reaches the whole group of processes: the gateway ends its calls in its own order.
process.on('SIGINT', () => {});

let library: Library | null = null;
let unavailable: string | null = null;
try {
  library = await loadLibrary(name);
} catch (error) {
  unavailable = error instanceof Error ? error.message : String(error);
}
if (library !== null) {
  await warmUp(library).catch(() => {});
  runner = new Runner(library, writer);
}
// Not before: orders that came while the library was being loaded wait in the pipe.
socket.on('data', (chunk: Buffer) => reader.read(chunk));
watchdog = startWatchdog(Number(silence));
const hello: Hello = { unavailable };
writer.json(MessageType.hello, 0, hello);
