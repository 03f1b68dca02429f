/** Process of one participant on `@livekit/rtc-node`. It ends with the connection to the suite, whatever happens there. */
import { NodeClient } from './client.ts';
import type { NodeOrder, NodeReport } from './messages.ts';

const client = new NodeClient((entry) => report({ kind: 'event', entry }));

process.on('message', (order: NodeOrder) => {
  const call = client[order.name] as (...args: readonly unknown[]) => Promise<unknown>;
  call.apply(client, [...order.args]).then(
    (value) => report({ kind: 'answer', id: order.id, value }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      report({ kind: 'failure', id: order.id, message });
    },
  );
});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

function report(message: NodeReport): void {
  if (process.connected) process.send?.(message);
}
