import type { KeyObject } from 'node:crypto';
import type { SignInfo } from '@lianmai/protocol';
import { loadPrivateKey, loadPublicKey, type Signer, signPrivateMapKey, signUserSig } from '@lianmai/tickets';

/** As Tencent's console hands it out. */
export interface TicketApplication {
  readonly sdkAppId: number;
  readonly accountType: string;
  /** Secret: never in logs. */
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** Lifetimes of the tickets. */
export interface TicketLife {
  readonly userSigSeconds: number;
  readonly privateMapKeySeconds: number;
}

/** Signs tickets for the application. Its key is loaded once and never leaves this object. */
export class TicketOffice {
  readonly #application: TicketApplication;
  readonly #key: KeyObject;
  /** Verifies what {@link signInfo} makes. */
  readonly publicKey: KeyObject;
  readonly #life: TicketLife;

  /** @throws TypeError when a key cannot be used; the message never holds it. */
  constructor(application: TicketApplication, life: TicketLife) {
    this.#application = application;
    this.#key = loadPrivateKey(application.privateKeyPem);
    this.publicKey = loadPublicKey(application.publicKeyPem);
    this.#life = life;
  }

  /** Tickets for a user, as {@link signTickets} makes them. */
  signInfo(userId: string, room: TicketRoomGrant | null): SignInfo {
    const { sdkAppId, accountType } = this.#application;
    const signer = { version: 'v1', key: this.#key, accountType } as const;
    return signTickets(signer, { sdkAppId, accountType }, this.#life, userId, room);
  }
}

/** Which room a ticket opens, and with which privilege bits. */
export interface TicketRoomGrant {
  readonly roomId: string;
  readonly privileges: number;
}

/**
 * Signs the tickets of a user; without a room only the userSig (privateMapKey is empty).
 * `expiresAt` is when the first of them runs out.
 */
export function signTickets(
  signer: Signer,
  application: { readonly sdkAppId: number; readonly accountType: string },
  life: TicketLife,
  userId: string,
  room: TicketRoomGrant | null,
): SignInfo {
  const { sdkAppId, accountType } = application;
  const { userSigSeconds, privateMapKeySeconds } = life;
  const now = Math.floor(Date.now() / 1000);
  const userSig = signUserSig(signer, { sdkAppId, userId, expireSeconds: userSigSeconds, now });
  let seconds = userSigSeconds;
  let privateMapKey = '';
  if (room !== null) {
    seconds = Math.min(seconds, privateMapKeySeconds);
    privateMapKey = signPrivateMapKey(signer, {
      sdkAppId,
      userId,
      room: { roomId: Number(room.roomId) },
      privileges: room.privileges,
      expireSeconds: privateMapKeySeconds,
      now,
    });
  }
  return { userID: userId, sdkAppID: sdkAppId, accountType, userSig, privateMapKey, expiresAt: (now + seconds) * 1000 };
}
