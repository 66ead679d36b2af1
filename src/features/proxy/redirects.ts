import { Buffer } from 'node:buffer';
import type { ResponseHead } from '../../http/head.ts';
import { encodeUnwise, normalisePath } from '../../http/target.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import { isOnUpstream } from './upstream-place.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The method of the request that a redirect asks for (RFC 9110 §15.4): 303 has the other place looked at; 301 and 302
 * make a GET of POST, as every browser does (§15.4.2, §15.4.3); 307 and 308 change nothing.
 */
export function redirectedMethod(status: number, method: string): string {
  const changes =
    status === 303 ? method !== 'HEAD' : method === 'POST' && (status === 301 || status === 302);
  return changes ? 'GET' : method;
}

/**
 * Where a redirect of an upstream leads on that same upstream, as path and query; undefined when the answer is no
 * redirect, leads elsewhere, or cannot be understood: then the client gets it as it is. `target` and `host` are those
 * of the request that it answers (RFC 9110 §10.2.2).
 */
export function redirectTarget(
  head: ResponseHead,
  target: string,
  host: string,
  server: UpstreamServer,
): string | undefined {
  if (!REDIRECTS.has(head.status)) return undefined;
  const field = head.headers.get('location');
  if (field === undefined) return undefined;
  // Only ASCII belongs in a URL, but some send UTF-8; field values are latin1 here.
  const location = Buffer.from(field, 'latin1').toString();
  const protocol = server.secure ? 'https:' : 'http:';
  const base = `${protocol}//${host}`;
  if (!URL.canParse(location, base + target)) return undefined;
  const url = new URL(location, base + target);
  if (url.protocol !== protocol || !isOnUpstream(url, host, server)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const path = normalisePath(url.pathname);
  return path === undefined ? undefined : path + encodeUnwise(url.search);
}
