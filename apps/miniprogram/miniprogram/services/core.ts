/**
 * The only door to the shared packages: the build puts what is used of them into this one file, so that classes are the
 * same everywhere (`instanceof`) and neither schemas nor anything of Node comes along.
 */
export {
  ageOf,
  Client,
  ClientError,
  type Clock,
  type Credentials,
  FAILURE_REASONS,
  type Failure,
  type FailureReason,
  type Http,
  isPassing,
  type KeyValueStore,
  memoryStore,
  pauseBefore,
  type RetryPolicy,
  reasonOfFunctionCode,
  reasonOfRoomsigCode,
  systemClock,
  toFailure,
  withRetries,
} from '@lianmai/client-core';
export {
  type Envelope,
  type FunctionData,
  type FunctionEvent,
  type FunctionName,
  MAX_ROOM_ID,
  type PhoneChat,
  type PhoneEvent,
  type PhoneStream,
  parseRoomId,
  type RoomInfo,
  type SignInfo,
} from '@lianmai/protocol';
