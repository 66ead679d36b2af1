import { errorResponse } from '../../pipeline/error-response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import type { Upstreams } from '../../upstream/upstream.ts';
import { PathRewriting } from './path-rewriting.ts';
import { ProxyExchange } from './proxy-exchange.ts';
import type { ProxyOptions } from './schema.ts';

/** What proxying needs of the server around it. */
export interface ProxyDeps {
  readonly upstreams: Upstreams;
}

/** The handler of a `proxy` route: passes each request on to the upstream, and its answer back. */
export function createProxyHandler(options: ProxyOptions, deps: ProxyDeps): Handler {
  const upstream = deps.upstreams.get(options.to);
  const paths = new PathRewriting(options);
  const handler: Handler = (exchange) => {
    const { request, id } = exchange;
    const target = paths.target(request);
    if (target === undefined) return errorResponse('request.malformed-path', { request, id });
    const proxied = new ProxyExchange(exchange, options, upstream, paths, target);
    proxied.start();
    return proxied;
  };
  return options.connect ? Object.assign(handler, { connects: true }) : handler;
}
