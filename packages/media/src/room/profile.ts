/** Name, metadata and attributes of a participant: limits and rules of a change. */
import { RequestResponse_Reason } from '@livekit/protocol';
import type { ControlLimits } from '../config.ts';
import type { Participant } from './participant.ts';

/** Attributes that the server alone sets: they carry what a participant may not do. */
const RESERVED = 'lianmai.';

export interface ProfileUpdate {
  /** Empty = unchanged. */
  readonly name: string;
  readonly metadata: string;
  /** An empty value deletes its key. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ProfileProblem {
  readonly reason: RequestResponse_Reason;
  readonly message: string;
}

type ProfileLimits = Pick<ControlLimits, 'nameLength' | 'metadataBytes' | 'attributesBytes'>;

/** Applies a change, or says why not (then nothing changed). The server may set reserved attributes, clients may not. */
export function applyProfile(
  participant: Participant,
  update: ProfileUpdate,
  limits: ProfileLimits,
  byServer: boolean,
): ProfileProblem | null {
  const merged: Record<string, string> = { ...participant.attributes };
  for (const [key, value] of Object.entries(update.attributes)) {
    if (!byServer && key.startsWith(RESERVED)) {
      return { reason: RequestResponse_Reason.NOT_ALLOWED, message: `attributes "${RESERVED}…" belong to the server` };
    }
    if (value === '') delete merged[key];
    else setOwn(merged, key, value);
  }
  const problem = checkProfile({ name: update.name, metadata: update.metadata, attributes: merged }, limits);
  if (problem) return problem;
  if (update.name !== '') participant.name = update.name;
  if (update.metadata !== '') participant.metadata = update.metadata;
  participant.attributes = merged;
  return null;
}

export function checkProfile(profile: ProfileUpdate, limits: ProfileLimits): ProfileProblem | null {
  const exceeded = (what: string) => ({
    reason: RequestResponse_Reason.LIMIT_EXCEEDED,
    message: `exceeds ${what} limit`,
  });
  if (profile.name.length > limits.nameLength) return exceeded('name length');
  if (Buffer.byteLength(profile.metadata) > limits.metadataBytes) return exceeded('metadata size');
  let size = 0;
  for (const [key, value] of Object.entries(profile.attributes))
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  return size > limits.attributesBytes ? exceeded('attributes size') : null;
}

/** What a join request may add to the token's attributes: everything but reserved keys. */
export function mergeJoinAttributes(
  token: Readonly<Record<string, string>>,
  request: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged: Record<string, string> = { ...token };
  for (const [key, value] of Object.entries(request)) {
    if (!key.startsWith(RESERVED) && value !== '') setOwn(merged, key, value);
  }
  return merged;
}

/** `__proto__` as a key is data like any other. */
function setOwn(target: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
