import { errorResponse } from '../../pipeline/error-response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { Handler } from '../../pipeline/handler.ts';
import type { Upstreams } from '../../upstream/upstreams.ts';
import type { Mirrors } from './mirror.ts';
import { PathRewriting } from './path-rewriting.ts';
import { ProxyExchange } from './proxy-exchange.ts';
import type { ProxyOptions } from './schema.ts';
import { createSplit } from './split.ts';

/** What proxying needs of the server around it. */
export interface ProxyDeps {
  readonly upstreams: Upstreams;
  /** Needed where a route mirrors. */
  readonly mirrors?: Mirrors;
}

/** The handler of a `proxy` route: passes each request on to the upstream, and its answer back. */
export function createProxyHandler(options: ProxyOptions, deps: ProxyDeps): Handler {
  const { upstreams } = deps;
  const upstream = upstreams.get(options.to);
  const { split } = options;
  const choose =
    split === undefined ? () => upstream : createSplit(split, upstream, (name) => upstreams.get(name));
  const start = starter(options, deps);
  const paths = new PathRewriting(options);
  const handler: Handler = (exchange) => {
    const { request, id } = exchange;
    const target = paths.target(request);
    if (target === undefined) return errorResponse('request.malformed-path', { request, id });
    const proxied = new ProxyExchange(exchange, options, choose(exchange), paths, target);
    start(proxied, exchange, target);
    return proxied;
  };
  return options.connect ? Object.assign(handler, { connects: true }) : handler;
}

/** Sends a request on its way; `target` is the path and query that the upstream is asked for. */
type Start = (proxied: ProxyExchange, exchange: Exchange, target: string) => void;

function starter(options: ProxyOptions, { mirrors, upstreams }: ProxyDeps): Start {
  if (options.mirror === undefined) return (proxied) => proxied.start();
  if (mirrors === undefined) throw new TypeError('a route mirrors, and nobody keeps the mirrors');
  const mirror = mirrors.create(options, options.mirror, upstreams);
  return (proxied, exchange, target) => mirror.start(proxied, exchange, target);
}
