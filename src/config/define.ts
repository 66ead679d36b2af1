import type { Config } from './schema.ts';

/** One route, as users write it. */
export type Route = Config['routes'][number];
/** Which requests a route takes. */
export type Match = NonNullable<Route['match']>;
/** A part of a route: its end, or a feature in front of it. */
export type RoutePart = Omit<Route, 'match'>;

/** The configuration as it is, typed: for `export default defineConfig({ … })` in dreamserver.config.ts. */
export function defineConfig(config: Config): Config {
  return config;
}

/**
 * A route of a pattern and its parts, exactly one of which is an end: `route('/api/*', proxy({ to: 'api' }))`.
 * The pattern is a path, or a host with or without a path behind it: `example.com`, `*.example.com/api/*`.
 */
export function route(pattern: string | Match, ...parts: readonly RoutePart[]): Route {
  return Object.assign(
    { match: typeof pattern === 'string' ? parsePattern(pattern) : pattern },
    ...parts,
  ) as Route;
}

/** The end of a route that serves the files under a directory. */
export function files(options: NonNullable<Route['files']>): RoutePart {
  return { files: options };
}

/** The end of a route that passes requests on to an upstream, or to the server of a URL. */
export function proxy(options: NonNullable<Route['proxy']>): RoutePart {
  return { proxy: options };
}

/** The end of a route that sends clients elsewhere. */
export function redirect(options: NonNullable<Route['redirect']>): RoutePart {
  return { redirect: options };
}

/** The end of a route that gives the same answer to everyone. */
export function respond(options: NonNullable<Route['respond']>): RoutePart {
  return { respond: options };
}

/** A feature that changes fields of a route's requests and answers. */
export function headers(options: Exclude<Route['headers'], false | undefined>): RoutePart {
  return { headers: options };
}

/** A feature that has a route's pages loaded anew when something in these directories changes: for those who write them. */
export function liveReload(options: NonNullable<Route['liveReload']>): RoutePart {
  return { liveReload: options };
}

function parsePattern(pattern: string): Match {
  const slash = pattern.indexOf('/');
  if (slash === -1) return { host: pattern };
  return slash === 0 ? { path: pattern } : { host: pattern.slice(0, slash), path: pattern.slice(slash) };
}
