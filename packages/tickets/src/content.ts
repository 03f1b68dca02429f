/** Values that a v1 signature covers, as the texts that stand in the ticket. */
export interface V1Content {
  /** Left out of the content when the ticket has no `TLS.appid_at_3rd`. */
  readonly appIdAt3rd: string | null;
  readonly accountType: string;
  readonly identifier: string;
  readonly sdkAppId: string;
  readonly time: string;
  readonly expireAfter: string;
  /** Base64, or null for a plain userSig. */
  readonly userBuf: string | null;
}

/** The bytes that v1 signs: `key:value\n` lines in fixed order; the JSON's own order and white space never count. */
export function v1Content(fields: V1Content): Buffer {
  const lines = [
    ...(fields.appIdAt3rd === null ? [] : [`TLS.appid_at_3rd:${fields.appIdAt3rd}`]),
    `TLS.account_type:${fields.accountType}`,
    `TLS.identifier:${fields.identifier}`,
    `TLS.sdk_appid:${fields.sdkAppId}`,
    `TLS.time:${fields.time}`,
    `TLS.expire_after:${fields.expireAfter}`,
    ...(fields.userBuf === null ? [] : [`TLS.userbuf:${fields.userBuf}`]),
  ];
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}

/** Values that a v2 MAC covers. */
export interface V2Content {
  readonly identifier: string;
  readonly sdkAppId: number;
  readonly time: number;
  readonly expire: number;
  readonly userBuf: string | null;
}

/** The bytes that v2 authenticates. `TLS.ver` is not among them. */
export function v2Content(fields: V2Content): Buffer {
  const lines = [
    `TLS.identifier:${fields.identifier}`,
    `TLS.sdkappid:${fields.sdkAppId}`,
    `TLS.time:${fields.time}`,
    `TLS.expire:${fields.expire}`,
    ...(fields.userBuf === null ? [] : [`TLS.userbuf:${fields.userBuf}`]),
  ];
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}
