/** Settings of the media: the embedded engine, its bounds, or a LiveKit server elsewhere. */
import { z } from 'zod';
import { httpUrl, json, list, number, port, seconds, secret, text } from './kinds.ts';
import { setting } from './setting.ts';

const iceServer = z.strictObject({
  urls: z.array(z.string().regex(/^(stun|stuns|turn|turns):/)).min(1),
  username: z.string().default(''),
  credential: z.string().default(''),
});

export const mediaSection = z.strictObject({
  rtcPort: setting(
    port.default(7885),
    number(['LIANMAI_RTC_PORT', 'rtc-port'], 'UDP port of all media.', '所有音视频共用的 UDP 端口。'),
  ),
  announcedIp: setting(
    z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
    list(
      ['LIANMAI_ANNOUNCED_IP', 'announced-ip'],
      'Public addresses announced to clients besides those found on the interfaces.',
      '除自动发现的地址外，另外告知客户端的公网地址。',
    ),
  ),
  iceServers: setting(
    z.array(iceServer).max(16).default([]),
    json(
      ['LIANMAI_ICE_SERVERS', 'ice-servers'],
      'STUN/TURN servers passed to clients, as JSON: [{"urls":["turn:…"],"username":"…","credential":"…"}].',
      '下发给客户端的 STUN/TURN 服务器（JSON）。',
    ),
  ),
  resumeSeconds: setting(
    seconds(1, 300).default(20),
    number(
      ['LIANMAI_RESUME_SECONDS', 'resume-seconds'],
      'A participant whose network vanished keeps his place for this long.',
      '网络中断的参与者保留位置的秒数。',
    ),
  ),
  reconcileSeconds: setting(
    seconds(1, 3600).default(15),
    number(
      ['LIANMAI_RECONCILE_SECONDS', 'reconcile-seconds'],
      'How often the members are compared with who is in the media rooms.',
      '核对房间成员与媒体房间的间隔秒数。',
    ),
  ),
  maxParticipants: setting(
    z.int().min(1).max(100_000).default(5000),
    number(
      ['LIANMAI_MAX_PARTICIPANTS', 'max-participants'],
      'Most participants of the embedded engine at once.',
      '内置媒体引擎同时在线的参与者上限。',
    ),
  ),
  joinsPerAddressPerSecond: setting(
    z.int().min(1).max(10_000).default(50),
    number(
      ['LIANMAI_JOINS_PER_ADDRESS', 'joins-per-address'],
      'Media joins a second from one address.',
      '单个地址每秒加入媒体房间的次数上限。',
    ),
  ),
});

/** A bound of the embedded engine. */
function bound(name: string, fallback: number, most: number, en: string, zh: string) {
  const schema = z.int().min(1).max(most).default(fallback);
  const flag = `engine-${name}`;
  return setting(schema, number([`LIANMAI_${flag.toUpperCase().replaceAll('-', '_')}`, flag], en, zh));
}

export const engineSection = z.strictObject({
  webhookUrls: setting(
    z.array(httpUrl).max(16).default([]),
    list(
      ['LIANMAI_ENGINE_WEBHOOK_URLS', 'engine-webhook-urls'],
      "Where the embedded engine posts LiveKit's webhooks too, signed with the server API key.",
      '内置引擎另外投递 LiveKit webhook 的地址，用服务端 API key 签名。',
    ),
  ),
  participantsPerRoom: bound(
    'participants-per-room',
    200,
    10_000,
    'Participants of one media room, hidden ones too.',
    '单个媒体房间的参与者上限（含隐藏者）。',
  ),
  tracksPerParticipant: bound(
    'tracks',
    32,
    1000,
    'Tracks that one participant publishes.',
    '单个参与者发布的轨道上限。',
  ),
  metadataBytes: bound('metadata-bytes', 64_000, 1_000_000, 'Bytes of one metadata.', '单份元数据的字节上限。'),
  attributesBytes: bound(
    'attributes-bytes',
    64_000,
    1_000_000,
    'Bytes of the attributes of one participant.',
    '单个参与者全部属性的字节上限。',
  ),
  signalMessageBytes: bound(
    'message-bytes',
    2_000_000,
    8_000_000,
    'Bytes of one signal message.',
    '单条信令消息的字节上限。',
  ),
  signalMessagesPerSecond: bound(
    'messages-per-second',
    100,
    10_000,
    'Signal messages a second of one client, on average.',
    '单个客户端每秒的平均信令消息数。',
  ),
  sdpLength: bound(
    'sdp-length',
    1_000_000,
    4_000_000,
    'Characters of one session description.',
    '单份会话描述的字符上限。',
  ),
  dataPacketBytes: bound('data-packet-bytes', 64_000, 256_000, 'Bytes of one data packet.', '单个数据包的字节上限。'),
  stunPerSecond: bound(
    'stun-per-second',
    100,
    100_000,
    'Unauthenticated STUN requests a second that are looked at.',
    '每秒处理的未认证 STUN 请求数。',
  ),
  handshakes: bound('handshakes', 512, 100_000, 'DTLS handshakes under way at once.', '同时进行的 DTLS 握手数。'),
});

export const livekitSection = z.strictObject({
  url: setting(
    z.union([z.literal(''), z.url({ protocol: /^(wss?|https?)$/, hostname: /./ })]).default(''),
    text(
      ['LIVEKIT_URL', 'livekit-url'],
      'A LiveKit server used instead of the embedded engine; its webhooks go to /webhooks/livekit.',
      '用外部 LiveKit 服务器代替内置媒体引擎；其 webhook 指向 /webhooks/livekit。',
    ),
  ),
  apiKey: setting(
    z.string().default(''),
    text(['LIVEKIT_API_KEY', 'livekit-api-key'], 'API key of that LiveKit server.', '该 LiveKit 服务器的 API key。'),
  ),
  apiSecret: setting(
    z.string().default(''),
    secret(
      ['LIVEKIT_API_SECRET', 'livekit-api-secret'],
      'API secret of that LiveKit server.',
      '该 LiveKit 服务器的 API secret。',
    ),
  ),
});
