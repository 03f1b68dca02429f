import type { KeyObject } from 'node:crypto';

/** An EC private or public key: a PEM text or an already loaded key (cheaper when used often). */
export type KeyInput = string | KeyObject;

/** How tickets are signed: v1 by ECDSA-SHA256 (P-256 or secp256k1, by the key), v2 by HMAC-SHA256 with a text secret. */
export type Signer =
  | { readonly version: 'v1'; readonly key: KeyInput; readonly accountType?: string }
  | { readonly version: 'v2'; readonly secret: string };

/** Which media room a privateMapKey is for: a number 1 … 4294967294, or a text of 1–64 bytes. */
export type TicketRoom = { readonly roomId: number } | { readonly strRoomId: string };

export interface UserSigClaims {
  readonly sdkAppId: number;
  /** 1–32 of `[A-Za-z0-9_-]`. */
  readonly userId: string;
  /** Life of the ticket in seconds. */
  readonly expireSeconds: number;
  /** Unix seconds; the clock's time when left out. */
  readonly now?: number;
}

export interface PrivateMapKeyClaims extends UserSigClaims {
  readonly room: TicketRoom;
  /** Privilege bits, 0–255. */
  readonly privileges: number;
}

/** Keys that a verifier trusts: either or both; the ticket's own version says which is used. */
export interface VerifyKeys {
  /** Public key (or the private one) for v1. */
  readonly key?: KeyInput;
  /** Secret for v2. */
  readonly secret?: string;
}

export interface UserSigExpectation extends VerifyKeys {
  readonly sdkAppId: number;
  readonly userId: string;
  /** Unix seconds; the clock's time when left out. */
  readonly now?: number;
}

export interface PrivateMapKeyExpectation extends UserSigExpectation {
  readonly room: TicketRoom;
  /** Bits that the ticket must grant. */
  readonly requiredPrivileges?: number;
}

/** Why a ticket was refused. */
export type RefusalReason =
  | 'malformed'
  | 'wrong-key'
  | 'other-application'
  | 'other-user'
  | 'other-room'
  | 'missing-privilege'
  | 'expired';

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** A sentence for people; holds nothing of the ticket. */
  readonly message: string;
}

export interface VerifiedUserSig {
  readonly ok: true;
  readonly version: 'v1' | 'v2';
  readonly sdkAppId: number;
  readonly userId: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds; the ticket is good up to and including this second. */
  readonly expiresAt: number;
}

export interface VerifiedPrivateMapKey extends VerifiedUserSig {
  readonly room: TicketRoom;
  readonly privileges: number;
}
