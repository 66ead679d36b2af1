import { PathRewriting } from '../../src/features/proxy/path-rewriting.ts';
import type { ProxyOptions } from '../../src/features/proxy/schema.ts';
import { upstreamHead, upstreamHost } from '../../src/features/proxy/upstream-head.ts';
import type { ForwardingFields } from '../../src/http/forwarded.ts';
import { encodeRequestHead } from '../../src/http1/encode-request-head.ts';
import type { Trust } from '../../src/pipeline/exchange.ts';
import { exchangeOf } from './exchange.ts';
import { proxyOptions } from './proxy-options.ts';
import { upstreamServer } from './proxy-server.ts';

/** What of a request is not in its message. */
interface RequestCase {
  readonly proxy?: Partial<ProxyOptions>;
  readonly trust?: Trust;
  readonly secure?: boolean;
  readonly address?: string;
}

const SERVER = upstreamServer('http://10.0.0.1:8000');
const TRUSTED = /^(203\.0\.113\.7|10\.|unix$)/;

/** Of the proxies before us, those that write these fields. */
export const trusting = (fields: ForwardingFields): Trust => ({
  fields,
  trusts: (address) => TRUSTED.test(address),
});

/** The lines of the head that an upstream gets for this request, its id as `ID`. */
export function upstreamLines(message: string, { proxy = {}, ...from }: RequestCase = {}): string[] {
  const exchange = exchangeOf(message, from);
  const options = proxyOptions(proxy);
  const host = upstreamHost(exchange.request, options, SERVER);
  const target = new PathRewriting(options).target(exchange.request);
  if (target === undefined) throw new Error(`no target for ${exchange.request.path}`);
  const text = encodeRequestHead(upstreamHead(exchange, options, target, host, false), null, exchange.id);
  return text.replace(exchange.id, 'ID').trimEnd().split('\r\n');
}

/** Only those of the lines that match. */
export const only = (lines: readonly string[], pattern: RegExp): string[] =>
  lines.filter((line) => pattern.test(line));
