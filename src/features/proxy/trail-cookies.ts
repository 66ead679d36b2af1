import { trimBlanks } from '../../http/list-members.ts';

/** As browsers keep for one host, and no more. */
const MOST_COOKIES = 50;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** Whether it takes back the one of that name. */
  readonly gone: boolean;
  /** Whether it may be sent to the host that has set it (RFC 6265 §5.3, step 6). */
  readonly ours: boolean;
  /** The Set-Cookie value for the client. */
  readonly line: string;
}

/**
 * The cookies that an upstream sets while its redirects are followed: sent on to it, as a browser in between would (RFC
 * 6265 §5), and kept for the client, which has not seen those answers.
 */
export class TrailCookies {
  #cookies: Cookie[] = [];

  readonly #forClient: (line: string) => string;

  /** `forClient`: a Set-Cookie value of the upstream as the client gets it. */
  constructor(forClient: (line: string) => string) {
    this.#forClient = forClient;
  }

  /** Take what an answer to a request for `target` on `host` has set. True when that changes what is sent on. */
  take(lines: readonly string[], target: string, host: string): boolean {
    let changed = false;
    for (const line of lines) {
      const cookie = { ...parseSetCookie(line, target, host), line: this.#forClient(line) };
      const before = this.#cookies.find((each) => each.name === cookie.name && each.path === cookie.path);
      changed ||= before === undefined || before.value !== cookie.value || before.gone !== cookie.gone;
      this.#cookies = this.#cookies.filter((each) => each !== before).slice(1 - MOST_COOKIES);
      this.#cookies.push(cookie);
    }
    return changed;
  }

  /** A cookie of our own, which is for the client as it is, and for every path. */
  takeOurs(line: string): void {
    this.#cookies.push({ ...parseSetCookie(line, '/', ''), line });
  }

  /** Set-Cookie values for the client, of each cookie the last one. */
  get lines(): readonly string[] {
    return this.#cookies.map(({ line }) => line);
  }

  /** The Cookie field of a request for `target`, made of the client's own; undefined for none. */
  fieldFor(target: string, own: string | undefined): string | undefined {
    const path = pathOf(target);
    const matching = this.#cookies.filter((cookie) => cookie.ours && pathMatches(path, cookie.path));
    const replaced = new Set(matching.map(({ name }) => name));
    const kept = (own ?? '')
      .split(';')
      .map(trimBlanks)
      .filter((pair) => pair !== '' && !replaced.has(nameOf(pair)));
    const sent = matching
      .filter(({ gone }) => !gone)
      .map(({ name, value }) => (name === '' ? value : `${name}=${value}`));
    const all = [...kept, ...sent];
    return all.length === 0 ? undefined : all.join('; ');
  }
}

/** RFC 6265 §5.2 */
function parseSetCookie(line: string, target: string, host: string): Omit<Cookie, 'line'> {
  const [pair, ...attributes] = line.split(';').map(trimBlanks);
  const name = nameOf(pair);
  let path: string | undefined;
  let domain = '';
  let expires: number | undefined;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const key = trimBlanks(equals === -1 ? attribute : attribute.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? '' : trimBlanks(attribute.slice(equals + 1));
    // Of an attribute that is there several times the last one counts.
    if (key === 'path') path = value.startsWith('/') ? value : undefined;
    else if (key === 'domain') domain = value.replace(/^\./, '').toLowerCase();
    else if (key === 'max-age' && /^-?[0-9]+$/.test(value)) maxAge = Number(value);
    else if (key === 'expires' && !Number.isNaN(Date.parse(value))) expires = Date.parse(value);
  }
  return {
    name,
    value: trimBlanks(pair.slice(pair.indexOf('=') + 1)),
    path: path ?? defaultPath(pathOf(target)),
    gone: maxAge === undefined ? expires !== undefined && expires <= Date.now() : maxAge <= 0,
    ours: domain === '' || domainMatches(host.replace(/:\d*$/, '').toLowerCase(), domain),
  };
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals === -1 ? '' : trimBlanks(pair.slice(0, equals));
}

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** RFC 6265 §5.1.4 */
function defaultPath(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** RFC 6265 §5.1.4 */
function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** RFC 6265 §5.1.3 */
function domainMatches(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
