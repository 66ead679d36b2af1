import { domainToASCII } from 'node:url';
import { normalisePath } from '../http/target.ts';

/** A route pattern that cannot mean anything; the message says why, for the person who wrote it. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/**
 * The one spelling of a host pattern: lower case, in ASCII, without a trailing dot, `*` for any host.
 *
 * @throws PatternError
 */
export function parseHostPattern(pattern: string): string {
  if (pattern.includes('/')) throw new PatternError('a host has no scheme and no path');
  const { name, port } = splitAuthority(pattern);
  if (name === '') throw new PatternError('the host is empty');
  if (port !== '' && !isPort(port)) throw new PatternError(`\`${port}\` is not a port`);
  const wildcard = name.startsWith('*.');
  const rest = wildcard ? name.slice(2) : name;
  if (name !== '*' && !isHost(rest)) {
    throw new PatternError(
      rest.includes('*')
        ? '`*` may stand for the whole host or for its first labels only, as in `*.example.com`'
        : `\`${rest}\` is not a host name`,
    );
  }
  const ascii = name === '*' ? '*' : (wildcard ? '*.' : '') + toAscii(rest);
  return port === '' ? ascii : `${ascii}:${Number(port)}`;
}

/** A path pattern taken apart. */
export interface PathPattern {
  /** The path, percent-encoded; for a prefix without its `/*`, so that all paths' is the empty string. */
  readonly path: string;
  /** Whether everything below the path is meant too. */
  readonly prefix: boolean;
}

/**
 * Reads `/health` (that path alone) or `/api/*` (`/api` and everything below it).
 *
 * @throws PatternError
 */
export function parsePathPattern(pattern: string): PathPattern {
  if (pattern === '*') return { path: '', prefix: true };
  if (!pattern.startsWith('/')) throw new PatternError('a path starts with `/`');
  if (/[?#]/.test(pattern)) throw new PatternError('a path has no query and no fragment');
  if (/[\x00-\x20\x7f]/.test(pattern))
    throw new PatternError('a path has no spaces and no control characters');
  const prefix = pattern.endsWith('/*');
  const path = prefix ? pattern.slice(0, -2) : pattern;
  if (path.includes('*')) throw new PatternError('`*` may only be the last segment, as in `/api/*`');
  if (path.includes('//'))
    throw new PatternError('a path is matched after empty segments are merged: no `//`');
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new PatternError(
      'a path is matched after `.` and `..` are resolved, so none can stand in a pattern',
    );
  }
  const normal = path === '' ? path : normalisePath(encodePath(path));
  if (normal === undefined) throw new PatternError('the percent-encoding is broken');
  return { path: normal, prefix };
}

/** Host and port of an authority, as they are written; the port is empty when there is none. Brackets of IPv6 are kept. */
export function splitAuthority(authority: string): { name: string; port: string } {
  const colon = authority.lastIndexOf(':');
  if (colon === -1 || authority.indexOf(']', colon) !== -1) return { name: authority, port: '' };
  return { name: authority.slice(0, colon), port: authority.slice(colon + 1) };
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`, 'i');
const IPV6 = /^\[[0-9a-f:.]+\]$/i;

function isHost(name: string): boolean {
  return HOST_NAME.test(name) || IPV6.test(name) || (isUnicode(name) && domainToASCII(name) !== '');
}

function toAscii(name: string): string {
  const host = isUnicode(name) ? domainToASCII(name) : name.toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function isUnicode(name: string): boolean {
  return /[^\x00-\x7f]/.test(name);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** Bytes that a client has to percent-encode are percent-encoded in the pattern too; what is encoded already stays. */
function encodePath(path: string): string {
  return path.replaceAll(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent);
}
