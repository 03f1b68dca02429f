/** The worker's side of the port: serves an engine to the messages of the main thread. */
import type { Channel, FromWorker, ToWorker } from './messages.ts';
import type { LocalEngine, PlainAnswer, SignalConnection } from './types.ts';

export function serveEngine(engine: LocalEngine, channel: Channel<FromWorker, ToWorker>): void {
  const sessions = new Map<number, SignalConnection>();

  const answer = (id: number, promise: Promise<PlainAnswer>) => {
    promise.then(
      (result) => channel.post({ type: 'answer', id, answer: result }),
      (error: unknown) => channel.post({ type: 'error', id, message: String(error) }),
    );
  };

  engine.onEvent((event) => channel.post({ type: 'event', event }));
  channel.onMessage((message) => {
    switch (message.type) {
      case 'open': {
        const { id } = message;
        engine.openSignal(message.request).then(
          (admission) => {
            if (admission.kind === 'refused') {
              channel.post({ type: 'refused', id, answer: admission.answer });
              return;
            }
            const { connection } = admission;
            sessions.set(id, connection);
            channel.post({ type: 'accepted', id });
            connection.onFrame((frame) => channel.post({ type: 'frame', session: id, frame }));
            connection.onClose((code, reason) => {
              sessions.delete(id);
              channel.post({ type: 'close', session: id, code, reason });
            });
          },
          (error: unknown) => channel.post({ type: 'error', id, message: String(error) }),
        );
        return;
      }
      case 'validate':
        answer(message.id, engine.validate(message.request));
        return;
      case 'api':
        answer(message.id, engine.callApi(message.request));
        return;
      case 'frame':
        sessions.get(message.session)?.receive(message.frame);
        return;
      case 'closed': {
        const connection = sessions.get(message.session);
        sessions.delete(message.session);
        connection?.closed();
        return;
      }
      case 'revoke':
        engine.setRevocation(message.room, message.identity, message.until);
        return;
      case 'local':
        engine.attachLocal(message.port);
        return;
      case 'stop':
        void engine.stop(message.deadlineMs).finally(() => channel.post({ type: 'stopped', id: message.id }));
    }
  });
  channel.post({ type: 'ready', addresses: engine.addresses });
}
