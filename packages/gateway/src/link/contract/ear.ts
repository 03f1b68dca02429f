/**
 * A participant of the room that hears who speaks. Links do not tell it, so its signal goes through a relay that listens;
 * servers tell it only to those who have subscribed a track of the speaker.
 */
import { once } from 'node:events';
import { SignalResponse } from '@livekit/protocol';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Link } from '../types.ts';
import { createWebRtcLink } from '../webrtc.ts';
import type { Lab, Member } from './lab.ts';

export class Ear {
  /** Who speaks, with the loudness that was told last (0 … 1), by SID of the participant. */
  readonly speakers = new Map<string, number>();
  readonly member: Member;
  readonly #link: Link;
  readonly #relay: WebSocketServer;

  static async join(lab: Lab, identity: string): Promise<Ear> {
    const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(relay, 'listening');
    const heard: ((message: SignalResponse['message']) => void)[] = [];
    relay.on('connection', (near, request) => {
      const { authorization = '' } = request.headers;
      const target = lab.server.httpUrl.replace('http', 'ws') + request.url;
      const far = new WebSocket(target, { headers: { authorization } });
      const waiting: RawData[] = [];
      far.on('open', () => {
        for (const data of waiting.splice(0)) far.send(data);
      });
      near.on('message', (data) => {
        if (far.readyState === WebSocket.OPEN) far.send(data);
        else waiting.push(data);
      });
      far.on('message', (data: Buffer) => {
        const { message } = SignalResponse.fromBinary(data);
        for (const hear of heard) hear(message);
        near.send(data);
      });
      far.on('close', () => near.close());
      near.on('close', () => far.close());
      far.on('error', () => near.terminate());
    });
    const address = relay.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const link = createWebRtcLink({ url: `ws://127.0.0.1:${port}`, clock: () => performance.now() });
    const ear = new Ear(await lab.join(identity, {}, link), link, relay);
    heard.push((message) => ear.#hear(message));
    return ear;
  }

  private constructor(member: Member, link: Link, relay: WebSocketServer) {
    this.member = member;
    this.#link = link;
    this.#relay = relay;
  }

  async close(): Promise<void> {
    await this.#link.close();
    this.#relay.close();
  }

  #hear(message: SignalResponse['message']): void {
    if (message.case !== 'speakersChanged') return;
    for (const { sid, level, active } of message.value.speakers) {
      if (active) this.speakers.set(sid, level);
      else this.speakers.delete(sid);
    }
  }
}
