/** The worker's side of the port: serves a gateway to the messages of the main thread. */
import type { CaptureRequest } from '../capture/types.ts';
import type { LocalGateway } from '../gateway.ts';
import type { PhoneSignalConnection } from '../types.ts';
import { Feeds } from './feeds.ts';
import type { FromWorker, ToWorker } from './messages.ts';

export interface WorkerChannel {
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/**
 * Serves the gateway to whoever is at the other end, from now on: says `ready`, does what is asked, and tells `error` with the
 * question's number when that fails.
 */
export function serveGateway(gateway: LocalGateway, channel: WorkerChannel): void {
  const signals = new Map<number, PhoneSignalConnection>();
  const views = new Map<number, () => void>();
  const captures = new Map<number, { stop(): void }>();
  /** Doors that have not answered yet, and viewers who left before they did. */
  const opening = new Set<number>();
  const leftEarly = new Set<number>();
  const feeds = new Feeds((message, transfer) => channel.post(message, transfer));
  const failed = (id: number) => (error: unknown) => channel.post({ type: 'error', id, message: String(error) });

  async function openSignal(message: Extract<ToWorker, { type: 'signal-open' }>): Promise<void> {
    const { id, request } = message;
    const admission = await gateway.openSignal(request);
    if (admission.kind === 'refused') {
      channel.post({ type: 'refused', id, refusal: admission });
      return;
    }
    const { connection } = admission;
    signals.set(id, connection);
    channel.post({ type: 'signal-accepted', id });
    connection.onFrame((frame) => channel.post({ type: 'signal-frame', id, frame }));
    connection.onClose((code, reason) => {
      signals.delete(id);
      channel.post({ type: 'signal-close', id, code, reason });
    });
  }

  async function openFlv({ id, request }: Extract<ToWorker, { type: 'flv-open' }>): Promise<void> {
    const view = await gateway.openView(request);
    if ('kind' in view) {
      channel.post({ type: 'refused', id, refusal: view });
      return;
    }
    if (leftEarly.delete(id)) return;
    const shared = view.share((reason) => {
      // Told before the feed closes with its last viewer, or he would hear of that end only.
      channel.post({ type: 'flv-end', id, reason });
      leave(id);
    });
    const feed = feeds.add(shared.broadcast);
    views.set(id, () => {
      feed.release();
      shared.release();
    });
    channel.post({ type: 'flv-accepted', id, feed: feed.id, tracks: shared.broadcast.tracks });
  }

  function leave(id: number): void {
    const release = views.get(id);
    views.delete(id);
    release?.();
  }

  function startCapture(id: number, request: CaptureRequest): void {
    const capture = gateway.startCapture(request, {
      onRecord(record) {
        channel.post({ type: 'capture-record', id, record });
        if (record.kind === 'end') captures.delete(id);
      },
      onLost: () => {},
    });
    captures.set(id, capture);
  }

  channel.onMessage((message) => {
    switch (message.type) {
      case 'signal-open':
        openSignal(message).catch(failed(message.id));
        return;
      case 'signal-frame':
        signals.get(message.id)?.receive(message.frame);
        return;
      case 'signal-closed': {
        const connection = signals.get(message.id);
        signals.delete(message.id);
        connection?.closed();
        return;
      }
      case 'flv-open':
        opening.add(message.id);
        openFlv(message)
          .catch(failed(message.id))
          .finally(() => {
            opening.delete(message.id);
            leftEarly.delete(message.id);
          });
        return;
      case 'flv-left':
        if (views.has(message.id)) leave(message.id);
        else if (opening.has(message.id)) leftEarly.add(message.id);
        return;
      case 'feed-keyframe':
        feeds.requestKeyframe(message.feed);
        return;
      case 'notice':
        gateway.notify(message.notice);
        return;
      case 'stats':
        gateway.stats().then((stats) => channel.post({ type: 'stats', id: message.id, stats }), failed(message.id));
        return;
      case 'capture-start':
        startCapture(message.id, message.request);
        return;
      case 'capture-stop':
        captures.get(message.id)?.stop();
        captures.delete(message.id);
        return;
      case 'stop':
        void gateway.stop(message.deadlineMs).finally(() => channel.post({ type: 'stopped', id: message.id }));
        return;
      default:
        // Answers to the worker's own questions are read where they were asked.
        return;
    }
  });
  channel.post({ type: 'ready', rtmpPort: gateway.rtmpPort });
}
