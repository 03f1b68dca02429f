/** What the end-to-end suite and the benches use of this package's own tests. */
export { createFlvDemuxer, type FlvTag } from '../flv/demux.ts';
export type { IncomingRtp, Link, LinkSession, RemoteTrack } from '../link/types.ts';
export { createWebRtcLink } from '../link/webrtc.ts';
export { RtmpClient } from '../rtmp/testing/client.ts';
