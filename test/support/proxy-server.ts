import { createProxyHandler } from '../../src/features/proxy/handler.ts';
import { Mirrors, type MirrorReport } from '../../src/features/proxy/mirror.ts';
import type { ProxyOptions } from '../../src/features/proxy/schema.ts';
import { STRICT } from '../../src/http1/leniency.ts';
import type { UpstreamOptions, UpstreamServer } from '../../src/upstream/schema.ts';
import { parseServerUrl } from '../../src/upstream/server-url.ts';
import { Upstreams } from '../../src/upstream/upstreams.ts';
import { HandlerServer, type HandlerServerOptions } from './handler-server.ts';
import { proxyOptions } from './proxy-options.ts';

/** Options of an upstream as the configuration fills them in, with times that no test meets by accident. */
export function upstreamOptions(
  urls: readonly string[],
  changes: Partial<Omit<UpstreamOptions, 'name' | 'servers'>> = {},
): UpstreamOptions {
  return {
    name: 'backend',
    servers: urls.map((url) => upstreamServer(url)),
    balance: 'round-robin',
    sticky: undefined,
    slowStart: 0,
    retry: { attempts: 1, reset: false, timeout: false, statuses: [], budget: 0.2, within: 0 },
    eject: undefined,
    breaker: undefined,
    maxRequests: undefined,
    health: undefined,
    queue: { size: 100, timeout: 10_000 },
    resolve: { static: {}, interval: undefined, srv: false, nameservers: [] },
    pool: { max: 16, idleTimeout: 60_000 },
    timeouts: { connect: 10_000, firstByte: 10_000, idle: 10_000 },
    lenient: STRICT,
    tls: { serverName: undefined, ca: undefined, cert: undefined, key: undefined, verify: true },
    proxyProtocol: undefined,
    ...changes,
  };
}

export function upstreamServer(url: string, weight = 1, backup = false): UpstreamServer {
  const server = parseServerUrl(url);
  if (typeof server === 'string') throw new Error(server);
  return { ...server, weight, backup, maxRequests: undefined };
}

/** What a test of proxying sets up differently. */
export interface ProxySetup extends HandlerServerOptions {
  readonly proxy?: Partial<ProxyOptions>;
  readonly upstream?: Partial<Omit<UpstreamOptions, 'name' | 'servers'>>;
  /** Upstreams beside the one of the route. */
  readonly others?: readonly UpstreamOptions[];
}

/** A `proxy` route to these servers behind real sockets, in this process; the upstream is closed with the server. */
export async function startProxy(urls: readonly string[], setup: ProxySetup = {}): Promise<ProxyServer> {
  const options = [upstreamOptions(urls, setup.upstream), ...(setup.others ?? [])];
  const upstreams = new Upstreams(options, () => {});
  const reports: MirrorReport[] = [];
  const mirrors = new Mirrors((report) => reports.push(report));
  const handler = createProxyHandler(proxyOptions(setup.proxy), { upstreams, mirrors });
  const server = await HandlerServer.start(handler, setup);
  return {
    port: server.port,
    server,
    upstreams,
    mirrors,
    reports,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      mirrors.close();
      upstreams.close();
    },
  };
}

export interface ProxyServer extends AsyncDisposable {
  readonly port: number;
  readonly server: HandlerServer;
  readonly upstreams: Upstreams;
  readonly mirrors: Mirrors;
  /** What did not reach shadows, as it was told. */
  readonly reports: readonly MirrorReport[];
}
