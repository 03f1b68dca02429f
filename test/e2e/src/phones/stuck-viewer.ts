import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

/** A viewer by HTTP that asks and then never reads. */
export class StuckViewer {
  readonly #socket: Socket;
  readonly #serverPort: number;

  private constructor(socket: Socket, serverPort: number) {
    this.#socket = socket;
    this.#serverPort = serverPort;
  }

  static async open(url: string): Promise<StuckViewer> {
    const { hostname, port, pathname, search, host } = new URL(url);
    // Without a listener for data nothing is read.
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    return new StuckViewer(socket, Number(port));
  }

  /**
   * Whether the server holds the connection open, as the system knows it (`/proc/net/tcp`). This end would learn of its
   * close only by reading.
   */
  async held(): Promise<boolean> {
    const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const [server, own] = [hex(this.#serverPort), hex(this.#socket.localPort ?? 0)];
    const lines = (await readFile('/proc/net/tcp', 'latin1')).split('\n').map((line) => line.trim().split(/\s+/));
    return lines.some(
      ([, local = '', remote = '', state]) => local.endsWith(server) && remote.endsWith(own) && state === '01',
    );
  }

  close(): void {
    this.#socket.destroy();
  }
}
