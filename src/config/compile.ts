import { createHeadersFeature } from '../features/headers/handler.ts';
import { createLiveReloadFeature } from '../features/live-reload/handler.ts';
import type { LiveReloadDeps } from '../features/live-reload/handler.ts';
import { createProxyHandler } from '../features/proxy/handler.ts';
import type { ProxyDeps } from '../features/proxy/handler.ts';
import { createRedirectHandler } from '../features/redirect/handler.ts';
import { createRespondHandler } from '../features/respond/handler.ts';
import { createStaticHandler } from '../features/static/handler.ts';
import type { StaticDeps } from '../features/static/handler.ts';
import { compose, type Feature } from '../pipeline/compose.ts';
import type { Handler } from '../pipeline/handler.ts';
import { compileRoutes } from '../router/route-table.ts';
import type { RouteTable } from '../router/route-table.ts';
import type { FeaturesConfig, RouteEnd, RuntimeConfig } from './runtime-config.ts';

/** What the handlers of one thread share. The lock is not optional here: there may be other threads. */
export type CompileDeps = ProxyDeps & StaticDeps & Required<Pick<StaticDeps, 'writeLock'>> & LiveReloadDeps;

/**
 * The routes of a configuration as the table that requests are looked up in. Each route's handler is composed here,
 * once; nothing of it is decided again for a request.
 */
export function compileRouteTable(config: RuntimeConfig, deps: CompileDeps): RouteTable<Handler> {
  return compileRoutes(
    config.routes.map(({ match, features, end }) => ({
      host: match.host,
      path: match.path,
      value: compose(stages(features, deps), origin(end, deps)),
    })),
  );
}

/** The features of a route in the order of their stages: admit, identify, transform, cache. */
function stages({ headers, liveReload }: FeaturesConfig, deps: CompileDeps): Feature[] {
  const features: Feature[] = [];
  if (headers !== undefined) features.push(createHeadersFeature(headers));
  if (liveReload !== undefined) features.push(createLiveReloadFeature(liveReload, deps));
  return features;
}

function origin(end: RouteEnd, deps: CompileDeps): Handler {
  switch (end.kind) {
    case 'files':
      return createStaticHandler(end.options, deps);
    case 'proxy':
      return createProxyHandler(end.options, deps);
    case 'redirect':
      return createRedirectHandler(end.options);
    case 'respond':
      return createRespondHandler(end.options);
  }
}
