import { cookieValue } from '../../http/cookies.ts';
import type { RequestOrigin } from './balancer.ts';

/** What of a request decides where it goes; undefined where it has none of it. */
export type HashKey = (origin: RequestOrigin) => string | undefined;

/** `client-ip`, `uri`, `header:NAME` or `cookie:NAME`, as in the configuration. */
export function hashKey(source: string): HashKey {
  if (source === 'client-ip') return ({ clientAddress }) => clientAddress;
  if (source === 'uri') return ({ request }) => request.path + request.query;
  const name = source.slice(source.indexOf(':') + 1);
  if (source.startsWith('header:')) return ({ request }) => request.headers.getList(name);
  return ({ request }) => cookieValue(request.headers, name);
}
