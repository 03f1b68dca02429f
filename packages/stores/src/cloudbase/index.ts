/** Rooms in the CloudBase document database. A door of its own: the self-hosted server never loads it. */
export {
  type CloudCollection,
  type CloudDatabase,
  type CloudQuery,
  type CloudSdk,
  createRoomDocuments,
  type RoomDocument,
  type RoomDocuments,
  type RoomFields,
} from './documents.ts';
export { DocumentsError, type FailureKind, readFailure } from './failures.ts';
export {
  type CloudbaseRoomStoreOptions,
  createCloudbaseRoomStore,
  type RetryLimits,
  ROOM_COLLECTION,
} from './room-store.ts';
