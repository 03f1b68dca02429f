import WebSocket from 'ws';
import { waitFor } from '../wait.ts';

interface InspectorMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly workerInfo?: { readonly url?: string } };
}

/**
 * Ends a worker thread of a Node process from outside, as a defect in it would: the signal USR1 opens the process's
 * inspector, and through it the thread is told to exit. The program under test needs nothing for that.
 *
 * @param port where the inspector listens: the process was started with `--inspect-port`.
 * @param file part of the URL of the thread's main file
 */
export async function killWorkerThread(pid: number, port: number, file: string): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const address = await waitFor(
    'the inspector of the server',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
      const [target] = (await answer.json()) as readonly { readonly webSocketDebuggerUrl?: string }[];
      return target?.webSocketDebuggerUrl ?? '';
    },
    (url) => url !== '',
  );
  const socket = new WebSocket(address);
  try {
    const workers = new Map<string, string>();
    let gone = false;
    let wanted = '';
    socket.on('message', (data) => {
      const { method, params } = JSON.parse(String(data)) as InspectorMessage;
      const session = params?.sessionId ?? '';
      if (method === 'NodeWorker.attachedToWorker') workers.set(params?.workerInfo?.url ?? '', session);
      if (method === 'NodeWorker.detachedFromWorker' && session === wanted) gone = true;
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    let id = 0;
    const send = (method: string, params: object) => socket.send(JSON.stringify({ id: ++id, method, params }));
    send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    wanted = await waitFor(
      `a worker thread of ${file}`,
      () => [...workers].find(([url]) => url.includes(file))?.[1] ?? '',
      (session) => session !== '',
    );
    const exit = { id: 1, method: 'Runtime.evaluate', params: { expression: 'process.exit(1)' } };
    send('NodeWorker.sendMessageToWorker', { sessionId: wanted, message: JSON.stringify(exit) });
    await waitFor(
      `the end of the worker thread of ${file}`,
      () => gone,
      (over) => over,
    );
  } finally {
    socket.terminate();
  }
}
