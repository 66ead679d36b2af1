import { resolve } from 'node:path';
import { upstreamsOf } from '../features/proxy/schema.ts';
import type { UpstreamOptions } from '../upstream/schema.ts';
import { upstreamSchema } from '../upstream/schema.ts';
import { isServerUrl } from '../upstream/server-url.ts';
import type { ListenerConfig, RouteConfig, RouteEnd, RuntimeConfig } from './runtime-config.ts';
import type { ParsedConfig } from './schema.ts';
import { duration } from './units.ts';
import { version } from './version.ts';

/** What the server runs, of what the schema has understood. Relative paths start at `directory`. */
export function normalise(parsed: ParsedConfig, directory: string): RuntimeConfig {
  const upstreams = new Map<string, UpstreamOptions>();
  for (const [name, options] of Object.entries(parsed.upstreams)) {
    upstreams.set(name, gather(name, options, directory));
  }
  const routes = parsed.routes.map(({ match, headers, liveReload, ...ends }): RouteConfig => {
    const end = endOf(ends, directory);
    const named = end.kind === 'proxy' ? upstreamsOf(end.options) : [];
    for (const to of named.filter((name) => isServerUrl(name) && !upstreams.has(name))) {
      upstreams.set(to, gather(to, upstreamSchema(duration).parse({ servers: [to] }), directory));
    }
    const features = {
      headers: chosen(headers, parsed.defaults.headers),
      liveReload: liveReload && { watch: liveReload.watch.map((path) => resolve(directory, path)) },
    };
    return { match: { host: match.host, path: match.path }, features, end };
  });
  const { accessLog, fileCache, limits, lenient, timeouts, trustedProxies, workers } = parsed;
  return {
    listeners: parsed.listeners.map((listener) => absolute(listener, directory)),
    upstreams: [...upstreams.values()],
    routes,
    accessLog: {
      path: accessLog.path === undefined ? undefined : resolve(directory, accessLog.path),
      format: accessLog.format,
    },
    fileCache,
    limits: {
      connections: limits.connections,
      headerBytes: limits.headerBytes,
      headers: limits.headers,
      uriBytes: limits.uriBytes,
      bodyBytes: limits.bodyBytes,
      requestsPerConnection: limits.requestsPerConnection,
      minDataRate: limits.minDataRate,
    },
    lenient,
    timeouts,
    trustedProxies,
    serverHeader: parsed.serverHeader ? `DreamServer/${version}` : undefined,
    workers,
  };
}

function gather(
  name: string,
  options: ParsedConfig['upstreams'][string],
  directory: string,
): UpstreamOptions {
  const {
    balance,
    sticky,
    slowStart,
    retry,
    eject,
    breaker,
    maxRequests,
    health,
    queue,
    pool,
    timeouts,
    lenient,
    tls,
    resolve: lookups,
  } = options;
  const servers = options.servers.map((server) =>
    server.path === undefined ? server : { ...server, path: resolve(directory, server.path) },
  );
  return {
    name,
    servers,
    balance,
    // Of all the servers, so that one who guesses an address cannot see whether it is one of them.
    sticky: sticky && {
      cookie: sticky.cookie,
      secret: sticky.secret ?? servers.map(({ url }) => url).join(' '),
    },
    slowStart,
    retry,
    eject,
    breaker,
    maxRequests,
    health,
    queue,
    resolve: {
      static: lookups.static,
      interval: lookups.interval === 0 ? undefined : lookups.interval,
      srv: lookups.srv,
      nameservers: lookups.nameservers,
    },
    pool,
    timeouts,
    lenient,
    tls: tlsFiles(tls, directory),
    proxyProtocol: options.proxyProtocol,
  };
}

function tlsFiles(tls: ParsedConfig['upstreams'][string]['tls'], directory: string): UpstreamOptions['tls'] {
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(directory, path);
  return {
    serverName: tls?.serverName,
    ca: file(tls?.ca),
    cert: file(tls?.cert),
    key: file(tls?.key),
    verify: tls?.verify ?? true,
  };
}

/** What a route has of a feature: its own, that of `defaults`, or none where it says `false`. */
function chosen<Options>(
  own: Options | false | undefined,
  byDefault: Options | undefined,
): Options | undefined {
  return own === false ? undefined : (own ?? byDefault);
}

/** The one end that the schema has made sure of. */
function endOf(
  route: Omit<ParsedConfig['routes'][number], 'match' | 'headers' | 'liveReload'>,
  directory: string,
): RouteEnd {
  if (route.files !== undefined) {
    const { write, ...options } = route.files;
    const root = resolve(directory, options.root);
    const furtherRoots = options.furtherRoots.map((each) => resolve(directory, each));
    const writing = write && { write: { ...write, tokens: resolve(directory, write.tokens) } };
    return { kind: 'files', options: { ...options, root, furtherRoots, ...writing } };
  }
  if (route.proxy !== undefined) return { kind: 'proxy', options: route.proxy };
  if (route.redirect !== undefined) return { kind: 'redirect', options: route.redirect };
  if (route.respond !== undefined) return { kind: 'respond', options: route.respond };
  throw new TypeError('a route without an end');
}

function absolute(listener: ListenerConfig, directory: string): ListenerConfig {
  return listener.kind === 'unix' ? { ...listener, path: resolve(directory, listener.path) } : listener;
}
