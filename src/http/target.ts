/**
 * The one normal form of a path (RFC 3986 §6.2.2): percent-encoded unreserved characters are decoded, the digits of
 * other triplets are upper case, dot segments are removed and empty segments merged, and what a path may not hold by
 * RFC 3986, though browsers send it, is percent-encoded (ADR 0005). Routes are matched against this form and upstreams
 * get it, so that no two readers see different paths. `%2F` stays what it is: not a separator.
 *
 * `path` starts with `/`. Undefined for a broken triplet, for `%00`, for a path that climbs above the root, and for dot
 * segments that only some readers see: behind a parameter (`..;x`), or beside an encoded separator (`..%2F`, `%5C..`).
 */
export function normalisePath(path: string): string | undefined {
  if (!MAY_CHANGE.test(path)) return path;
  const decoded = path.includes('%') ? decodeUnreserved(path) : path;
  if (decoded === undefined || HIDDEN_DOTS.test(decoded)) return undefined;
  const encoded = encodeUnwise(decoded);
  return mayHoldDotsOrGaps(encoded) ? removeDotsAndGaps(encoded) : encoded;
}

/** What is in no path that is normal already, or only seldom. */
const MAY_CHANGE = /[%;[\]^`{|}]|\/[./]/;

/** Tomcat and others cut parameters off before they look for dot segments, and some decode `%2F` and `%5C` before. */
const HIDDEN_DOTS = /(?:\/|%2F|%5C)\.\.?(?=;|%3B|%2F|%5C)|(?:%2F|%5C)\.\.?(?=\/|$)/;

/** The bytes that browsers send and RFC 3986 has no room for, percent-encoded: see ADR 0005. */
export function encodeUnwise(text: string): string {
  if (!HOLDS_UNWISE.test(text)) return text;
  return text.replaceAll(UNWISE, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

const HOLDS_UNWISE = /[[\]^`{|}]/;
const UNWISE = /[[\]^`{|}]/g;

function mayHoldDotsOrGaps(path: string): boolean {
  return path.includes('/.') || path.includes('//');
}

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
const TRIPLET = /%(?:[0-9A-Fa-f]{2})?/g;

function decodeUnreserved(path: string): string | undefined {
  let broken = false;
  const decoded = path.replaceAll(TRIPLET, (triplet) => {
    if (triplet.length === 1 || triplet === '%00') {
      broken = true;
      return triplet;
    }
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return UNRESERVED.test(character) ? character : triplet.toUpperCase();
  });
  return broken ? undefined : decoded;
}

/** RFC 3986 §5.2.4, on whole segments; a trailing `.` or `..` leaves a trailing slash. */
function removeDotsAndGaps(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split('/');
  const last = segments.length - 1;
  for (let i = 1; i <= last; i++) {
    const segment = segments[i];
    if (segment === '..') {
      if (kept.length === 0) return undefined;
      kept.pop();
    }
    const isDots = segment === '.' || segment === '..';
    if (segment !== '' && !isDots) kept.push(segment);
    else if (i === last) kept.push('');
  }
  return `/${kept.join('/')}`;
}

const HOST = /^(?:[A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?$/;

/**
 * Whether a text is a host with an optional port (RFC 3986 §3.2.2): what may stand in a Host field. Narrower than the
 * grammar, which lets a name hold percent-encoding and `!$&'()*+,;=`: no name in the DNS does, and the next reader may
 * decode the one, and take the comma for the border between two hosts.
 */
export function validAuthority(text: string): boolean {
  const parts = HOST.exec(text);
  if (parts === null || Number(parts[1] ?? 0) > 65_535) return false;
  // The standard parser knows what an IPv6 address is (RFC 4291 §2.2).
  return !text.startsWith('[') || URL.canParse(`http://${text}/`);
}

/** Whether a text may be the target of CONNECT: a host and a port, both there (RFC 9112 §3.2.3, RFC 9110 §9.3.6). */
export function validConnectTarget(text: string): boolean {
  return validAuthority(text) && /:0*[1-9][0-9]*$/.test(text);
}
