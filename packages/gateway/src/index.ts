/** Phones on the wire: RTMP in, HTTP-FLV and RTMP out, joined to rooms of any LiveKit server. */
export { type CaptureFiles, openCaptureFiles } from './capture/files.ts';
export type { CaptureRecord, CaptureRequest } from './capture/types.ts';
export { type GatewayConfig, type GatewayConfigInput, gatewayConfigSchema } from './config.ts';
export { ConnectionSlots, type SlotLimits } from './doors/slots.ts';
export { phoneUrls, type UrlHolder } from './doors/urls.ts';
export type * from './host.ts';
export { type StartGatewayOptions, startGateway } from './port/host.ts';
export { type FlvAnswer, serveFlv } from './stream/flv-http.ts';
export type { ViewEnd, Viewer, ViewerSocket } from './stream/types.ts';
export type * from './types.ts';
