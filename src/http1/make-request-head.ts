import type { HttpVersion, RequestHead, TargetForm } from '../http/head.ts';
import type { HeaderList } from '../http/header-list.ts';
import { encodeUnwise, normalisePath, validAuthority, validConnectTarget } from '../http/target.ts';

const ABSOLUTE = /^(?:https?):\/\/([^/?]*)(\/[^?]*)?(\?.*)?$/i;

/** The head of a request whose target is path and query, both in their normal form already. */
export function plainHead(
  method: string,
  rawTarget: string,
  queryAt: number,
  authority: string,
  version: HttpVersion,
  headers: HeaderList,
): RequestHead {
  const path = queryAt === 0 ? rawTarget : rawTarget.slice(0, queryAt);
  const query = queryAt === 0 ? '' : rawTarget.slice(queryAt);
  return { method, form: 'origin', rawTarget, path, query, authority, version, headers, derived: undefined };
}

/** The head with its target taken apart (RFC 9112 §3.2), or undefined where the target does not fit the method. */
export function makeHead(
  method: string,
  rawTarget: string,
  version: HttpVersion,
  headers: HeaderList,
  hostAuthority: string,
): RequestHead | undefined {
  let form: TargetForm = 'origin';
  let authority = hostAuthority;
  let rawPath = rawTarget;
  let query = '';
  if (method === 'CONNECT') {
    if (!validConnectTarget(rawTarget)) return undefined;
    return {
      method,
      form: 'authority',
      rawTarget,
      path: '',
      query,
      authority: rawTarget.toLowerCase(),
      version,
      headers,
      derived: undefined,
    };
  }
  if (rawTarget.charCodeAt(0) !== 0x2f) {
    if (rawTarget === '*') {
      if (method !== 'OPTIONS') return undefined;
      return serverHead(method, rawTarget, authority, version, headers);
    }
    // The authority of an absolute target overrides the Host field (RFC 9112 §3.2.2).
    const parts = ABSOLUTE.exec(rawTarget);
    if (parts === null || !validAuthority(parts[1])) return undefined;
    authority = parts[1].toLowerCase();
    if (method === 'OPTIONS' && parts[2] === undefined && parts[3] === undefined) {
      // Of a server as a whole, in the form that proxies are asked (RFC 9112 §3.2.4).
      return serverHead(method, rawTarget, authority, version, headers);
    }
    form = 'absolute';
    rawPath = parts[2] ?? '/';
    query = parts[3] ?? '';
  } else {
    const mark = rawTarget.indexOf('?');
    if (mark !== -1) {
      rawPath = rawTarget.slice(0, mark);
      query = rawTarget.slice(mark);
    }
  }
  const path = normalisePath(rawPath);
  if (path === undefined) return undefined;
  if (query !== '') query = encodeUnwise(query);
  return { method, form, rawTarget, path, query, authority, version, headers, derived: undefined };
}

/** The head of a request that is about the server as a whole. */
function serverHead(
  method: string,
  rawTarget: string,
  authority: string,
  version: HttpVersion,
  headers: HeaderList,
): RequestHead {
  return {
    method,
    form: 'asterisk',
    rawTarget,
    path: '*',
    query: '',
    authority,
    version,
    headers,
    derived: undefined,
  };
}
