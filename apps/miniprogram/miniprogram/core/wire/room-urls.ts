import { buildRoomUrl, roomUrlForm } from '@lianmai/protocol/room-url';
import type { ClientInfo } from '../ports.ts';

export interface RoomUrlParts {
  readonly sdkAppId: number;
  readonly roomId: number;
  readonly userId: string;
  readonly userSig: string;
  readonly privateMapKey: string;
  /** 1: sound alone, no MP3 recording; 2: with; 0: picture too. */
  readonly pureAudioPushMod: number;
  readonly recordId: number | null;
}

/** Which form this client takes: the old one needs a roomsig. */
export function urlForm(client: ClientInfo): 'old' | 'new' {
  return roomUrlForm(client);
}

/** Push URL with a roomsig: the whole `RspBody` as JSON text. */
export function oldPushUrl(parts: RoomUrlParts, rspBody: unknown): string {
  const bizBuf = businessBuffer(parts);
  return buildRoomUrl({
    form: 'old',
    sdkAppId: parts.sdkAppId,
    roomId: parts.roomId,
    userId: parts.userId,
    roomSig: JSON.stringify(rspBody),
    ...(bizBuf === null ? {} : { bizBuf }),
  });
}

function businessBuffer({ pureAudioPushMod, recordId }: RoomUrlParts): string | null {
  if (pureAudioPushMod === 0 && recordId === null) return null;
  return JSON.stringify({
    Str_uc_params: {
      ...(pureAudioPushMod === 0 ? {} : { pure_audio_push_mod: pureAudioPushMod }),
      ...(recordId === null ? {} : { record_id: recordId }),
    },
  });
}

/** Push URL without a roomsig. */
export function newPushUrl(parts: RoomUrlParts): string {
  const url = buildRoomUrl({
    form: 'new',
    sdkAppId: parts.sdkAppId,
    room: { roomId: parts.roomId },
    userId: parts.userId,
    userSig: parts.userSig,
    ...(parts.privateMapKey === '' ? {} : { privateMapKey: parts.privateMapKey }),
  });
  const pureAudio = parts.pureAudioPushMod === 0 ? '' : `&pureaudiomode=${parts.pureAudioPushMod}`;
  const record = parts.recordId === null ? '' : `&userdefinerecordid=${parts.recordId}`;
  return url + pureAudio + record;
}
