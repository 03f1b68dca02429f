import { linkContract } from './contract.ts';
import { findLiveKitServer, startLiveKit } from './testing/livekit.ts';

const binary = findLiveKitServer(process.env['LIVEKIT_SERVER_BIN']);
linkContract({
  name: 'over WebRTC to livekit-server',
  ...(binary === null ? { skip: 'no livekit-server here: set LIVEKIT_SERVER_BIN' } : {}),
  start: () => startLiveKit(binary!),
});
