export { createServer, Server } from './server/create-server.ts';
export {
  defineConfig,
  files,
  headers,
  liveReload,
  proxy,
  redirect,
  respond,
  route,
} from './config/define.ts';
export { findConfig, loadConfig, readConfig, understand } from './config/read.ts';
export { ConfigError, StartError } from './config/config-error.ts';
export { parseListenAddress } from './config/address.ts';
export { version } from './config/version.ts';
export { ChangeError } from './server/upstream-commands.ts';
export { banner } from './server/banner.ts';
export { freePort } from './server/free-port.ts';
export { localUrl, networkUrls } from './server/urls.ts';
export { explainRequests, explainResponses } from './server/explain-bytes.ts';
export type { ConfigMistake } from './config/config-error.ts';
export type { Match, Route, RoutePart } from './config/define.ts';
export type { ConfigSource } from './config/read.ts';
export type { RuntimeConfig } from './config/runtime-config.ts';
export type { Config } from './config/schema.ts';
export type { BoundAddress } from './server/server.ts';
export type { ServerSpec } from './server/upstream-commands.ts';
export type { UpstreamControl } from './server/upstream-control.ts';
export type { AdminState } from './upstream/server-list.ts';
export type { ServerSnapshot } from './upstream/server-snapshot.ts';
export type { UpstreamChange, UpstreamObserver } from './upstream/upstream.ts';
export type { Anatomy, MessageAnatomy } from './http1/anatomy.ts';
export type { BodyAnatomy } from './http1/anatomy-body.ts';
export type { ByteRange, RangeName } from './http1/anatomy-recorder.ts';
export type { Decision, NextAnatomy, RefusalAnatomy } from './http1/anatomy-verdict.ts';
