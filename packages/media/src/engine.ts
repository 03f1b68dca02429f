/** The engine in one thread: transport, forwarder and control plane put together. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import pino from 'pino';
import { type EngineConfigInput, parseEngineConfig } from './config.ts';
import { createConnection } from './connection/connection.ts';
import { createForwarder } from './forward/forwarder.ts';
import { LocalPort } from './port/local.ts';
import type { EngineAddress, LocalEngine } from './port/types.ts';
import { ControlPlane } from './signal/control.ts';
import { createTransport } from './transport/index.ts';
import { LocalTransport } from './transport/local.ts';

/** Reports, feedback and retransmission requests of the packets. */
const FORWARD_TICK_MS = 20;
/** Speakers, qualities, departures, room timeouts. */
const CONTROL_TICK_MS = 200;

/** Starts an engine in this thread. Rejects when the media port cannot be bound or a setting is wrong. */
export async function createEngine(input: EngineConfigInput): Promise<LocalEngine> {
  const config = parseEngineConfig(input);
  const { rtc } = config;
  const clock = () => performance.now();
  const log = pino({ name: 'media', level: config.logLevel });
  const transport = new LocalTransport(
    await createTransport({
      port: rtc.port,
      listenAddresses: rtc.listenAddresses,
      announcedAddresses: rtc.announcedAddresses,
      workerTag: rtc.workerTag,
      slots: rtc.slots,
      disconnectedAfterMs: rtc.disconnectedAfterMs,
      failedAfterMs: rtc.failedAfterMs,
      limits: {
        maxPeers: rtc.maxPeers,
        maxUnauthenticatedStunPerSecond: rtc.maxUnauthenticatedStunPerSecond,
        maxHandshakes: rtc.maxHandshakes,
        handshakeTimeoutMs: rtc.handshakeTimeoutMs,
      },
      clock,
    }),
  );
  const forwarder = createForwarder({
    transport,
    clock,
    limits: {
      historyPackets: rtc.historyPackets,
      keyframeIntervalMs: rtc.keyframeIntervalMs,
      maxStreamsPerPeer: rtc.maxStreamsPerPeer,
    },
    random: Math.random,
  });
  const codecPolicy = { publish: config.room.publishCodecs.map((mime) => mime.toLowerCase()) };
  const control = new ControlPlane({
    config,
    clock,
    wallClock: () => Date.now(),
    log,
    createConnection: (role, sink) => createConnection({ role, sink, transport, forwarder, codecPolicy }),
  });
  // A defect in periodic work must not end every call of this engine: it is logged, and the next round comes.
  const guarded = (what: string, work: () => void) => () => {
    try {
      work();
    } catch (error) {
      log.error({ err: error }, `${what} failed`);
    }
  };
  const forwardTimer = setInterval(
    guarded('forwarding work', () => forwarder.tick(clock())),
    FORWARD_TICK_MS,
  );
  const controlTimer = setInterval(
    guarded('control work', () => control.tick(clock())),
    CONTROL_TICK_MS,
  );
  const addresses: EngineAddress[] = transport
    .candidates()
    .map(({ protocol, address, port }) => ({ protocol, address, port }));

  const localPorts = new Set<LocalPort>();
  const attachLocal = (port: MessagePort) => {
    const local = new LocalPort(
      port,
      {
        transport,
        forwarder,
        clock,
        log,
        maxUplinks: config.limits.tracksPerParticipant,
        maxSessions: config.limits.participants,
        admit: (token, join, connect) => control.openLocal(token, join, connect),
      },
      (ended) => localPorts.delete(ended),
    );
    localPorts.add(local);
  };

  let stopping: Promise<void> | null = null;
  async function stop(deadlineMs: number): Promise<void> {
    await control.stop(deadlineMs);
    for (const port of [...localPorts]) port.close();
    clearInterval(forwardTimer);
    clearInterval(controlTimer);
    await transport.close();
  }

  return {
    addresses,
    openSignal: (request) => control.openSignal(request),
    validate: (request) => control.validate(request),
    callApi: (request) => control.callApi(request),
    setRevocation: (room, identity, until) => control.setRevocation(room, identity, until),
    openLocal: async () => {
      if (stopping !== null) throw new Error('the media engine is not running');
      const { port1, port2 } = new MessageChannel();
      attachLocal(port1);
      return port2;
    },
    attachLocal,
    onEvent: (listener) => control.onEvent(listener),
    // An engine in one's own thread dies with it.
    onRestart: () => {},
    stop: (deadlineMs) => {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}
