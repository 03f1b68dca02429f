/**
 * Every setting of the server, once: default, bounds, description in both languages, environment variable and flag.
 * The sample file and the table in the documentation are made from it.
 */
import { ALL_PRIVILEGES } from '@lianmai/protocol';
import { z } from 'zod';
import { flagged, httpUrl, list, number, port, seconds, secret, text } from './kinds.ts';
import { engineSection, livekitSection, mediaSection } from './schema-media.ts';
import { phonesSection } from './schema-phones.ts';
import { setting } from './setting.ts';

const httpSection = z.strictObject({
  port: setting(
    port.default(8080),
    number(
      ['LIANMAI_PORT', 'port'],
      'TCP port of page, functions and signalling.',
      '页面、函数和信令共用的 TCP 端口。',
    ),
  ),
  host: setting(
    z.string().min(1).default('::'),
    text(
      ['LIANMAI_HOST', 'host'],
      'Address to listen on; "::" is every address, IPv4 and IPv6.',
      '监听地址；“::” 表示所有 IPv4 与 IPv6 地址。',
    ),
  ),
  publicUrl: setting(
    z.union([z.literal(''), httpUrl]).default(''),
    text(
      ['LIANMAI_PUBLIC_URL', 'public-url'],
      'Address under which clients reach this server; every URL handed out derives from it. Empty: from the request.',
      '客户端访问本服务的地址，所有下发的链接都以它为准；留空则取自请求。',
    ),
  ),
  tls: setting(
    z.enum(['auto', 'off']).default('auto'),
    text(
      ['LIANMAI_TLS', 'tls'],
      'auto: HTTPS when certificate files are set or "lianmai cert" has made one; off: always plain HTTP.',
      'auto：设置了证书文件或用 “lianmai cert” 生成过证书时启用 HTTPS；off：始终使用 HTTP。',
    ),
  ),
  tlsCert: setting(
    z.string().default(''),
    text(['LIANMAI_TLS_CERT', 'tls-cert'], 'PEM file of the certificate chain.', '证书链 PEM 文件。'),
  ),
  tlsKey: setting(
    z.string().default(''),
    text(['LIANMAI_TLS_KEY', 'tls-key'], 'PEM file of the private key.', '证书私钥 PEM 文件。'),
  ),
  trustedProxies: setting(
    z.array(z.string()).default([]),
    list(
      ['LIANMAI_TRUSTED_PROXIES', 'trusted-proxies'],
      'Addresses or networks (CIDR) of proxies whose X-Forwarded headers are believed.',
      '可信代理的地址或网段（CIDR），只采信它们的 X-Forwarded 头。',
    ),
  ),
  corsOrigins: setting(
    z.array(z.string()).default(['*']),
    list(
      ['LIANMAI_CORS_ORIGINS', 'cors-origins'],
      'Origins that may call functions and roomsig from a page; "*" is any (no cookie is ever used).',
      '允许在页面中调用函数与 roomsig 的来源；“*” 表示任意来源（本服务不使用 Cookie）。',
    ),
  ),
});

const apiSection = z.strictObject({
  key: setting(
    z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9_.-]*$/)
      .default(''),
    text(
      ['LIANMAI_API_KEY', 'api-key'],
      'Server API key; empty: made on the first start and kept in the data folder.',
      '服务端 API key；留空则首次启动时生成并保存在数据目录。',
    ),
  ),
  secret: setting(
    z.union([z.literal(''), z.string().min(16).max(512)]).default(''),
    secret(
      ['LIANMAI_API_SECRET', 'api-secret'],
      'Server API secret, at least 16 characters; empty: made on the first start.',
      '服务端 API secret，至少 16 个字符；留空则首次启动时生成。',
    ),
  ),
});

const identitySection = z.strictObject({
  guestLogin: setting(
    z.boolean().default(true),
    flagged(['LIANMAI_GUEST_LOGIN', 'guest-login'], 'Guests may sign in with a name.', '允许访客以昵称登录。'),
  ),
  wechatAppId: setting(
    z.string().default(''),
    text(
      ['LIANMAI_WECHAT_APP_ID', 'wechat-app-id'],
      'AppID of the mini program; empty: WeChat login is off.',
      '小程序 AppID；留空则关闭微信登录。',
    ),
  ),
  wechatSecret: setting(
    z.string().default(''),
    secret(['LIANMAI_WECHAT_SECRET', 'wechat-secret'], 'AppSecret of the mini program.', '小程序 AppSecret。'),
  ),
  wechatBaseUrl: setting(
    httpUrl.default('https://api.weixin.qq.com'),
    text(['LIANMAI_WECHAT_BASE_URL', 'wechat-base-url'], 'Where code2session is called.', 'code2session 接口的地址。'),
  ),
  sessionSeconds: setting(
    seconds(60, 31_536_000).default(604_800),
    number(['LIANMAI_SESSION_SECONDS', 'session-seconds'], 'Life of a session.', '登录会话的有效秒数。'),
  ),
  renewSeconds: setting(
    seconds(0, 31_536_000).default(2_592_000),
    number(
      ['LIANMAI_RENEW_SECONDS', 'renew-seconds'],
      'A guest keeps his user id when he signs in again within this time after his session ran out.',
      '访客会话过期后，在此秒数内重新登录仍保留原用户标识。',
    ),
  ),
  loginCodeSeconds: setting(
    seconds(10, 300).default(60),
    number(
      ['LIANMAI_LOGIN_CODE_SECONDS', 'login-code-seconds'],
      'Life of a one-time login code, by which the web page in a mini program signs in as its user.',
      '一次性登录码的有效秒数；小程序内的网页用它以同一用户登录。',
    ),
  ),
});

const ticketsSection = z.strictObject({
  userSigSeconds: setting(
    seconds(60, 15_552_000).default(3600),
    number(['LIANMAI_USERSIG_SECONDS', 'usersig-seconds'], 'Life of a userSig.', 'userSig 的有效秒数。'),
  ),
  privateMapKeySeconds: setting(
    seconds(30, 86_400).default(900),
    number(
      ['LIANMAI_PRIVATEMAPKEY_SECONDS', 'privatemapkey-seconds'],
      'Life of a privateMapKey.',
      'privateMapKey 的有效秒数。',
    ),
  ),
  mediaTokenSeconds: setting(
    seconds(30, 3600).default(600),
    number(
      ['LIANMAI_MEDIA_TOKEN_SECONDS', 'media-token-seconds'],
      'Life of the media token that roomsig hands out.',
      'roomsig 下发的媒体令牌的有效秒数。',
    ),
  ),
});

const roomsSection = z.strictObject({
  defaultCapacity: setting(
    z.int().min(1).max(1000).default(16),
    number(
      ['LIANMAI_DEFAULT_CAPACITY', 'default-capacity'],
      'Seats of a room that names no capacity.',
      '未指定人数上限的房间的座位数。',
    ),
  ),
  maxCapacity: setting(
    z.int().min(1).max(1000).default(50),
    number(['LIANMAI_MAX_CAPACITY', 'max-capacity'], 'Most seats that a room may ask for.', '房间可申请的最大座位数。'),
  ),
  maxRooms: setting(
    z.int().min(1).max(10_000_000).default(10_000),
    number(['LIANMAI_MAX_ROOMS', 'max-rooms'], 'Rooms at once.', '同时存在的房间数上限。'),
  ),
  defaultPrivilegeMap: setting(
    z.int().min(0).max(ALL_PRIVILEGES).default(ALL_PRIVILEGES),
    number(
      ['LIANMAI_DEFAULT_PRIVILEGE_MAP', 'default-privilege-map'],
      'Privilege bits of members of a room that names none.',
      '未指定权限位的房间中成员的权限位。',
    ),
  ),
  leaseSeconds: setting(
    seconds(5, 3600).default(30),
    number(
      ['LIANMAI_LEASE_SECONDS', 'lease-seconds'],
      'Life of a seat without media presence or heartbeat.',
      '既不在媒体房间也没有心跳的座位的保留秒数。',
    ),
  ),
  revocationSeconds: setting(
    seconds(0, 31_536_000).default(3600),
    number(
      ['LIANMAI_REVOCATION_SECONDS', 'revocation-seconds'],
      'How long a removal outlives its room.',
      '房间结束后，被移出者仍被拒绝的秒数。',
    ),
  ),
  sweepSeconds: setting(
    seconds(1, 60).default(2),
    number(['LIANMAI_SWEEP_SECONDS', 'sweep-seconds'], 'How often lapsed seats are freed.', '清理过期座位的间隔秒数。'),
  ),
  listLimit: setting(
    z.int().min(1).max(100).default(100),
    number(['LIANMAI_LIST_LIMIT', 'list-limit'], 'Most rooms on one page of the list.', '房间列表每页的最大条数。'),
  ),
});

const limitsSection = z.strictObject({
  bodyBytes: setting(
    z.int().min(1024).max(1_048_576).default(32_768),
    number(['LIANMAI_BODY_BYTES', 'body-bytes'], 'Bytes of one request body.', '单个请求体的字节上限。'),
  ),
  perAddressPerSecond: setting(
    z.number().positive().max(1_000_000).default(50),
    number(
      ['LIANMAI_RATE_ADDRESS', 'rate-address'],
      'Requests a second from one address, on average; a burst of four times as many is allowed.',
      '单个地址每秒的平均请求数，允许四倍的突发。',
    ),
  ),
  perUserPerSecond: setting(
    z.number().positive().max(1_000_000).default(10),
    number(
      ['LIANMAI_RATE_USER', 'rate-user'],
      'Requests a second of one user, on average; a burst of four times as many is allowed.',
      '单个用户每秒的平均请求数，允许四倍的突发。',
    ),
  ),
  loginsPerAddressPerMinute: setting(
    z.number().positive().max(60_000_000).default(60),
    number(
      ['LIANMAI_RATE_LOGIN', 'rate-login'],
      'Logins a minute from one address, and as many at once.',
      '单个地址每分钟的登录次数。',
    ),
  ),
  loginCodesPerUser: setting(
    z.int().min(1).max(100).default(3),
    number(
      ['LIANMAI_LOGIN_CODES_PER_USER', 'login-codes-per-user'],
      'One-time login codes of one user at once; the oldest goes when there is one more.',
      '单个用户同时有效的一次性登录码数量，超出时最早的失效。',
    ),
  ),
  loginCodes: setting(
    z.int().min(10).max(1_000_000).default(10_000),
    number(
      ['LIANMAI_LOGIN_CODES', 'login-codes'],
      'One-time login codes at once, of everybody.',
      '同时有效的一次性登录码总数上限。',
    ),
  ),
  connections: setting(
    z.int().min(10).max(1_000_000).default(20_000),
    number(['LIANMAI_CONNECTIONS', 'connections'], 'TCP connections at once.', '同时保持的 TCP 连接数上限。'),
  ),
  trackedClients: setting(
    z.int().min(100).max(1_000_000).default(20_000),
    number(
      ['LIANMAI_TRACKED_CLIENTS', 'tracked-clients'],
      'Addresses and users remembered for the rates.',
      '限速所记录的地址与用户数量上限。',
    ),
  ),
});

const logSection = z.strictObject({
  level: setting(
    z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
    text(['LIANMAI_LOG_LEVEL', 'log-level'], 'How much is logged.', '日志级别。'),
  ),
  format: setting(
    z.enum(['auto', 'json', 'pretty']).default('auto'),
    text(
      ['LIANMAI_LOG_FORMAT', 'log-format'],
      'json lines, or pretty for people; auto: pretty on a terminal.',
      '日志格式：json 或 pretty；auto 表示在终端中使用 pretty。',
    ),
  ),
});

export const configSchema = z
  .strictObject({
    dataDir: setting(
      z.string().min(1).default('data'),
      text(
        ['LIANMAI_DATA_DIR', 'data-dir'],
        'Folder of database, keys and certificates; made when absent.',
        '存放数据库、密钥和证书的目录，不存在时自动创建。',
      ),
    ),
    webDir: setting(
      z.string().default(''),
      text(
        ['LIANMAI_WEB_DIR', 'web-dir'],
        'Folder of the built web app; empty: apps/web/dist of this installation.',
        '网页端构建产物目录；留空则使用本安装中的 apps/web/dist。',
      ),
    ),
    databaseUrl: setting(
      z.string().default(''),
      secret(
        ['DATABASE_URL', 'database-url'],
        'Empty: SQLite in the data folder; or sqlite:PATH. PostgreSQL is not served by this version.',
        '留空则使用数据目录中的 SQLite；也可写 sqlite:路径。本版本尚不支持 PostgreSQL。',
      ),
    ),
    http: httpSection.prefault({}),
    media: mediaSection.prefault({}),
    engine: engineSection.prefault({}),
    livekit: livekitSection.prefault({}),
    phones: phonesSection.prefault({}),
    api: apiSection.prefault({}),
    identity: identitySection.prefault({}),
    tickets: ticketsSection.prefault({}),
    rooms: roomsSection.prefault({}),
    limits: limitsSection.prefault({}),
    log: logSection.prefault({}),
  })
  .superRefine((config, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if ((config.http.tlsCert === '') !== (config.http.tlsKey === '')) {
      refuse(['http', 'tlsCert'], 'tlsCert and tlsKey are set together or not at all');
    }
    const { url, apiKey, apiSecret } = config.livekit;
    if (url !== '' && (apiKey === '' || apiSecret === '')) {
      refuse(['livekit', 'url'], 'LIVEKIT_URL needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET');
    }
    if ((config.api.key === '') !== (config.api.secret === '')) {
      refuse(['api', 'key'], 'key and secret are set together or not at all');
    }
    if ((config.identity.wechatAppId === '') !== (config.identity.wechatSecret === '')) {
      refuse(['identity', 'wechatAppId'], 'wechatAppId and wechatSecret are set together or not at all');
    }
    if (/^postgres(ql)?:/i.test(config.databaseUrl)) {
      refuse(['databaseUrl'], 'PostgreSQL is not served by this version; leave DATABASE_URL empty or use sqlite:PATH');
    } else if (config.databaseUrl !== '' && !/^sqlite:.+/.test(config.databaseUrl)) {
      refuse(['databaseUrl'], 'is neither empty nor of the form sqlite:PATH');
    }
    if (config.rooms.defaultCapacity > config.rooms.maxCapacity) {
      refuse(['rooms', 'defaultCapacity'], 'must not be above maxCapacity');
    }
  });

/** The settings, complete and valid. */
export type Config = z.output<typeof configSchema>;
