/** Settings of the gateway for phones: its doors, the life of its URLs, and its bounds. */
import { z } from 'zod';
import { number, port, seconds, text } from './kinds.ts';
import { setting } from './setting.ts';

/** The port that RTMP URLs may leave out. */
export const DEFAULT_RTMP_PORT = 1935;

/** `rtmp://host[:port]`, no slash at the end. */
const rtmpUrl = z
  .string()
  .regex(/^rtmp:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\/?$/)
  .transform((url) => url.replace(/\/$/, ''));

/** A bound of the gateway. */
function bound(name: string, least: number, fallback: number, most: number, en: string, zh: string) {
  const schema = z.int().min(least).max(most).default(fallback);
  const flag = `phone-${name}`;
  return setting(schema, number([`LIANMAI_${flag.toUpperCase().replaceAll('-', '_')}`, flag], en, zh));
}

export const phonesSection = z.strictObject({
  mode: setting(
    z.enum(['auto', 'on', 'off']).default('auto'),
    text(
      ['LIANMAI_PHONES', 'phones'],
      'WeChat phones. auto: served, but when the default RTMP port is taken the server starts without them and says so; on: served, or the server does not start, and pages publish H.264 from the start instead of when a phone comes; off.',
      '微信手机端。auto：提供服务，但默认 RTMP 端口被占用时给出提示并在没有手机端的情况下启动；on：必须提供，否则不启动，且网页从一开始就发布 H.264，而不是等手机进入时再切换；off：关闭。',
    ),
  ),
  rtmpPort: setting(
    port.default(DEFAULT_RTMP_PORT),
    number(
      ['LIANMAI_RTMP_PORT', 'rtmp-port'],
      'TCP port to which phones push and from which they play (RTMP).',
      '手机推流与播放使用的 RTMP TCP 端口。',
    ),
  ),
  rtmpHost: setting(
    z.string().default(''),
    text(
      ['LIANMAI_RTMP_HOST', 'rtmp-host'],
      'Address on which RTMP listens; empty: that of http.host.',
      'RTMP 的监听地址；留空则与 http.host 相同。',
    ),
  ),
  rtmpPublicUrl: setting(
    z.union([z.literal(''), rtmpUrl]).default(''),
    text(
      ['LIANMAI_RTMP_PUBLIC_URL', 'rtmp-public-url'],
      'rtmp://host[:port] under which phones reach the RTMP port; empty: the host of the public URL or the request, with the RTMP port.',
      '手机访问 RTMP 端口所用的 rtmp://主机[:端口]；留空则取公网地址或请求的主机名加 RTMP 端口。',
    ),
  ),
  ticketSeconds: setting(
    seconds(10, 86_400).default(1_800),
    number(
      ['LIANMAI_PHONE_TICKET_SECONDS', 'phone-ticket-seconds'],
      'Life of push, play and signalling URLs; phones get fresh ones before they run out.',
      '推流、播放与信令 URL 的有效秒数；到期前会自动下发新的 URL。',
    ),
  ),
  idleSeconds: setting(
    seconds(5, 600).default(30),
    number(
      ['LIANMAI_PHONE_IDLE_SECONDS', 'phone-idle-seconds'],
      'A publisher or signalling connection that is silent for so long is taken for lost.',
      '推流或信令连接静默超过此秒数即视为断开。',
    ),
  ),
  maxPhones: bound('max', 1, 1_000, 100_000, 'Phones at once.', '同时在线的手机数上限。'),
  maxPhonesPerRoom: bound('max-per-room', 1, 64, 10_000, 'Phones in one room.', '单个房间的手机数上限。'),
  maxConnections: bound('connections', 1, 2_000, 1_000_000, 'RTMP connections at once.', 'RTMP 连接数上限。'),
  connectionsPerAddress: bound(
    'connections-per-address',
    1,
    200,
    1_000_000,
    'RTMP connections of one address; a carrier puts many phones behind one.',
    '单个地址的 RTMP 连接数上限；运营商会让许多手机共用一个地址。',
  ),
  flvConnections: bound(
    'flv-connections',
    1,
    2_000,
    1_000_000,
    'HTTP-FLV connections at once; more are answered 503.',
    'HTTP-FLV 连接数上限；超出时返回 503。',
  ),
  flvConnectionsPerAddress: bound(
    'flv-connections-per-address',
    1,
    200,
    1_000_000,
    'HTTP-FLV connections of one address (behind trusted proxies: of one client); more are answered 429.',
    '单个地址（在受信任的代理之后则为单个客户端）的 HTTP-FLV 连接数上限；超出时返回 429。',
  ),
  viewersPerStream: bound('viewers', 1, 2_000, 1_000_000, 'Viewers of one stream.', '单路流的观看连接数上限。'),
  bitsPerSecond: bound(
    'bits-per-second',
    100_000,
    8_000_000,
    100_000_000,
    'Bits a second of one push, averaged over 5 s; a push above it is ended.',
    '单路推流的码率上限（5 秒平均），超出即断开。',
  ),
  publishSeconds: bound('publish-seconds', 60, 86_400, 604_800, 'Longest push.', '单次推流的最长秒数。'),
  codecProcesses: bound('codec-processes', 1, 1, 64, 'Codec processes.', '编解码进程数。'),
  audioJobs: bound(
    'audio-jobs',
    1,
    256,
    100_000,
    'Sound conversions (AAC and Opus) at once.',
    '同时进行的音频转换数。',
  ),
  videoJobs: bound(
    'video-jobs',
    0,
    2,
    1_000,
    'Videos transcoded at once for phones that could not show them otherwise; 0: none.',
    '为手机转码的视频路数上限；0 表示不转码。',
  ),
  bridges: bound(
    'bridges',
    1,
    16,
    1_000,
    'Phone videos decoded at once so that newcomers see them at once.',
    '为使新加入者立即看到画面而同时解码的手机视频路数。',
  ),
  chatHistory: bound(
    'chat-history',
    1,
    50,
    1_000,
    'Messages of the conversation that a phone gets when it comes.',
    '手机进入时收到的历史聊天条数。',
  ),
});
