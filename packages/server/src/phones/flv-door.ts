/** HTTP-FLV for `<live-player>`: `GET /live/<stream>.flv?<ticket>`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DoorRefusal, type FlvAdmission, type FlvRequest, serveFlv, type ViewerSocket } from '@lianmai/gateway';
import { PHONE_CODES } from '@lianmai/protocol';

const BASE_HEAD = {
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};
/** Takes a look and goes. */
const NOBODY: ViewerSocket = { write: () => {}, backlogBytes: () => 0, end: () => {} };

/** Answers one request for a stream. Never rejects. */
export async function answerFlv(
  request: IncomingMessage,
  response: ServerResponse,
  asked: FlvRequest,
  open: (request: FlvRequest) => Promise<FlvAdmission>,
): Promise<void> {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      break;
    case 'OPTIONS':
      response
        .writeHead(204, {
          'access-control-allow-origin': '*',
          'access-control-allow-methods': 'GET, HEAD, OPTIONS',
          'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
          'access-control-max-age': '86400',
        })
        .end();
      return;
    default:
      refuse(request, response, { status: 405, ...PHONE_CODES.badRequest }, { allow: 'GET, HEAD, OPTIONS' });
      return;
  }
  let admission: FlvAdmission;
  try {
    admission = await open(asked);
  } catch {
    // The gateway is being started anew; players try again by themselves.
    refuse(request, response, { status: 503, ...PHONE_CODES.internal }, { 'retry-after': '1' });
    return;
  }
  if (admission.kind === 'refused') {
    refuse(request, response, admission);
    return;
  }
  try {
    if (request.method === 'HEAD' || response.destroyed) {
      admission.attach(NOBODY).leave();
      response.writeHead(200, { ...BASE_HEAD, 'content-type': 'video/x-flv' }).end();
      return;
    }
    const { socket, onClosed } = serveFlv(request, response);
    const viewer = admission.attach(socket);
    onClosed(() => viewer.leave());
  } catch {
    // No place for another viewer; the head may be out, so that the connection's end must say it.
    if (!response.headersSent) refuse(request, response, { status: 503, ...PHONE_CODES.busy });
    else request.socket.destroy();
  }
}

/** A refusal as JSON: the number and sentence that signalling uses, and the HTTP status. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message }: Pick<DoorRefusal, 'status' | 'code' | 'message'>,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify({ code, message }));
  response.writeHead(status, {
    ...BASE_HEAD,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.byteLength,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
