import { linkContract } from './contract.ts';
import { startEmbedded } from './testing/embedded.ts';
import { findLiveKitServer, startLiveKit } from './testing/livekit.ts';

linkContract({ name: 'over WebRTC to the embedded engine', start: startEmbedded });

const binary = findLiveKitServer(process.env['LIVEKIT_SERVER_BIN']);
linkContract({
  name: 'over WebRTC to livekit-server',
  ...(binary === null ? { skip: 'no livekit-server here: set LIVEKIT_SERVER_BIN' } : {}),
  start: () => startLiveKit(binary!),
});
