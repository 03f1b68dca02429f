import type { KeyObject } from 'node:crypto';
import type { SignInfo } from '@lianmai/protocol';
import type { Application } from '@lianmai/stores';
import { loadPrivateKey, loadPublicKey, signPrivateMapKey, signUserSig } from '@lianmai/tickets';

/** Signs tickets for the application. Its key is loaded once and never leaves this object. */
export class TicketOffice {
  readonly #application: Application;
  readonly #key: KeyObject;
  /** Verifies what {@link signInfo} makes. */
  readonly publicKey: KeyObject;
  readonly #life: { readonly userSigSeconds: number; readonly privateMapKeySeconds: number };

  constructor(application: Application, life: { userSigSeconds: number; privateMapKeySeconds: number }) {
    this.#application = application;
    this.#key = loadPrivateKey(application.privateKeyPem);
    this.publicKey = loadPublicKey(application.publicKeyPem);
    this.#life = life;
  }

  /**
   * Tickets for a user; without a room only the userSig (privateMapKey is empty).
   * `expiresAt` is when the first of them runs out.
   */
  signInfo(userId: string, room: { roomId: string; privileges: number } | null): SignInfo {
    const { sdkAppId, accountType } = this.#application;
    const now = Math.floor(Date.now() / 1000);
    const signer = { version: 'v1', key: this.#key, accountType } as const;
    const { userSigSeconds, privateMapKeySeconds } = this.#life;
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
    return {
      userID: userId,
      sdkAppID: sdkAppId,
      accountType,
      userSig,
      privateMapKey,
      expiresAt: (now + seconds) * 1000,
    };
  }
}
