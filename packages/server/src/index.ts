/** The server as a library: for tests and benchmarks that start it in their own process. */
export { type Overrides, type RunningServer, startServer } from './app.ts';
export { EXIT, ExitError } from './cli/exit.ts';
export { type ConfigSources, loadConfig } from './config/load.ts';
export type { Config } from './config/schema.ts';
export { openApiDocument } from './functions/openapi.ts';
export { createLogger } from './http/logger.ts';
