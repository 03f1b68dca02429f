/** The engine in one thread: transport, forwarder and control plane put together. */
import pino from 'pino';
import { type EngineConfigInput, parseEngineConfig } from './config.ts';
import { createConnection } from './connection/connection.ts';
import { createForwarder } from './forward/forwarder.ts';
import type { EngineAddress, MediaEngine } from './port/types.ts';
import { ControlPlane } from './signal/control.ts';
import { createTransport } from './transport/index.ts';

/** Reports, feedback and retransmission requests of the packets. */
const FORWARD_TICK_MS = 20;
/** Speakers, qualities, departures, room timeouts. */
const CONTROL_TICK_MS = 200;

/** Starts an engine in this thread. Rejects when the media port cannot be bound or a setting is wrong. */
export async function createEngine(input: EngineConfigInput): Promise<MediaEngine> {
  const config = parseEngineConfig(input);
  const { rtc } = config;
  const clock = () => performance.now();
  const log = pino({ name: 'media', level: config.logLevel });
  const transport = await createTransport({
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
  });
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

  let stopping: Promise<void> | null = null;
  async function stop(deadlineMs: number): Promise<void> {
    await control.stop(deadlineMs);
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
    onEvent: (listener) => control.onEvent(listener),
    // An engine in one's own thread dies with it.
    onRestart: () => {},
    stop: (deadlineMs) => {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}
