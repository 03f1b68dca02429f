import pino, { type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config/schema.ts';

/** Names under which secrets stand in objects that might be logged. */
const SECRET_NAMES = [
  'authorization',
  'token',
  'access_token',
  'usersig',
  'userSig',
  'privateMapKey',
  'PrivMapEncrypt',
  'secret',
  'apiSecret',
  'wechatSecret',
  'privateKeyPem',
  'session_key',
];

/**
 * The log. Secrets are kept out twice: requests are logged by method and path alone (queries hold tickets), and what
 * stands under a secret's name is replaced.
 */
export function createLogger(config: Config['log'], destination?: DestinationStream): Logger {
  const options = {
    level: config.level,
    base: null,
    redact: {
      paths: [...SECRET_NAMES, ...SECRET_NAMES.map((name) => `*.${name}`)],
      censor: '[redacted]',
    },
    serializers: {
      req: (request: { method?: string; url?: string; ip?: string }) => ({
        method: request.method,
        path: pathOf(request.url ?? ''),
        address: request.ip,
      }),
      res: (reply: { statusCode?: number }) => ({ status: reply.statusCode }),
      err: serializeError,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A destination for the terminal, when that is what the log goes to. */
export async function logDestination(config: Config['log'], isTerminal: boolean): Promise<DestinationStream> {
  const pretty = config.format === 'pretty' || (config.format === 'auto' && isTerminal);
  if (!pretty) return pino.destination({ fd: 1, sync: true });
  const { default: prettyStream } = await import('pino-pretty');
  return prettyStream({ destination: 1, sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'reqId' });
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return (end < 0 ? url : url.slice(0, end)).slice(0, 300);
}

function serializeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause !== undefined && depth < 3 ? { cause: serializeError(error.cause, depth + 1) } : {}),
  };
}
