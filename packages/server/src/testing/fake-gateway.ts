/** A gateway of doors without media, for tests: it records what it is told and answers what the test says. */
import type {
  CaptureListener,
  CaptureRequest,
  FlvAdmission,
  FlvRequest,
  Gateway,
  GatewayConfigInput,
  GatewayHost,
  PhoneSignalAdmission,
  PhoneSignalConnection,
  PhoneSignalRequest,
  RoomNotice,
  Viewer,
  ViewerSocket,
} from '@lianmai/gateway';
import type { StartGateway } from '../phones/service.ts';

/** One signalling connection from the gateway's side. */
export class FakeConnection implements PhoneSignalConnection {
  readonly received: string[] = [];
  gone = false;
  #frame: (frame: string) => void = () => {};
  #close: (code: number, reason: string) => void = () => {};
  #changed: () => void = () => {};

  onFrame(listener: (frame: string) => void): void {
    this.#frame = listener;
    listener(JSON.stringify({ type: 'welcome' }));
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#close = listener;
  }

  receive(frame: string): void {
    this.received.push(frame);
    this.#changed();
  }

  closed(): void {
    this.gone = true;
    this.#changed();
  }

  tell(frame: string): void {
    this.#frame(frame);
  }

  end(code: number, reason: string): void {
    this.#close(code, reason);
  }

  /** Resolves when the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

/** One capture that was asked for. */
export interface FakeCapture {
  readonly request: CaptureRequest;
  readonly listener: CaptureListener;
  stopped: boolean;
}

/** One viewer of a stream. */
export interface FakeViewer {
  readonly socket: ViewerSocket;
  left: boolean;
}

export class FakeGateway {
  config: GatewayConfigInput | null = null;
  readonly notices: RoomNotice[] = [];
  readonly signals: PhoneSignalRequest[] = [];
  readonly connections: FakeConnection[] = [];
  readonly flvs: FlvRequest[] = [];
  readonly viewers: FakeViewer[] = [];
  readonly captures: FakeCapture[] = [];
  stopped = false;
  /** What the doors answer; null: they let everybody in. An error stands for a gateway that is being started anew. */
  answer: { readonly status: number; readonly code: number; readonly message: string } | Error | null = null;
  /** The signalling door answers when this resolves. */
  ready: Promise<void> = Promise.resolve();
  /** Why it cannot start. */
  failure: Error | null = null;
  rtmpPort = 19_350;
  #host: GatewayHost | null = null;
  #restarted: (reason: string) => void = () => {};

  get host(): GatewayHost {
    if (this.#host === null) throw new Error('the fake gateway was not started');
    return this.#host;
  }

  restart(reason: string): void {
    this.#restarted(reason);
  }

  readonly start: StartGateway = async (config, host) => {
    if (this.failure !== null) throw this.failure;
    this.config = config;
    this.#host = host;
    return this.#gateway();
  };

  #gateway(): Gateway {
    return {
      rtmpPort: this.rtmpPort,
      openSignal: async (request): Promise<PhoneSignalAdmission> => {
        this.signals.push(request);
        await this.ready;
        if (this.answer instanceof Error) throw this.answer;
        if (this.answer !== null) return { kind: 'refused', ...this.answer };
        const connection = new FakeConnection();
        this.connections.push(connection);
        return { kind: 'accepted', connection };
      },
      openFlv: async (request): Promise<FlvAdmission> => {
        this.flvs.push(request);
        if (this.answer instanceof Error) throw this.answer;
        if (this.answer !== null) return { kind: 'refused', ...this.answer };
        return { kind: 'accepted', attach: (socket) => this.#view(socket) };
      },
      notify: (notice) => void this.notices.push(notice),
      stats: async () => ({ rooms: 0, phones: 0, publishes: 0, viewers: 0, bridges: 0, codecs: null }),
      startCapture: (request, listener) => {
        const capture: FakeCapture = { request, listener, stopped: false };
        this.captures.push(capture);
        return {
          stop: () => {
            capture.stopped = true;
          },
        };
      },
      onRestart: (listener) => {
        this.#restarted = listener;
      },
      stop: async () => {
        this.stopped = true;
        for (const connection of this.connections) {
          connection.tell(JSON.stringify({ type: 'ended', reason: 'server-restart' }));
          connection.end(1012, 'server-restart');
        }
      },
    };
  }

  #view(socket: ViewerSocket): Viewer {
    const viewer: FakeViewer = { socket, left: false };
    this.viewers.push(viewer);
    return {
      leave: () => {
        viewer.left = true;
      },
      end: (reason) => socket.end(reason),
    };
  }
}
