import { LianmaiError } from '@lianmai/protocol';
import type { FastifyInstance } from 'fastify';
import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk';
import { refuse } from '../functions/host.ts';
import type { KeyPair } from '../identity/server-key.ts';
import type { Presence } from './presence.ts';

/** Where an external LiveKit server tells what happens in its rooms: `POST /webhooks/livekit`, signed with its key. */
export function registerWebhooks(app: FastifyInstance, presence: Presence, keys: KeyPair): void {
  const receiver = new WebhookReceiver(keys.key, keys.secret);
  app.post('/webhooks/livekit', async (request, reply) => {
    let event: WebhookEvent;
    try {
      event = await receiver.receive(String(request.body ?? ''), request.headers.authorization);
    } catch {
      // Why it does not verify is nobody's business but the operator's.
      request.log.warn('a webhook does not verify: is it signed with LIVEKIT_API_KEY?');
      return refuse(request, reply, new LianmaiError('notSignedIn'));
    }
    // LiveKit sends the events of one room in order and waits for each answer, so it is given once the rooms know.
    await presence.handle(event);
    return { ok: true };
  });
}
