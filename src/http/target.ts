/**
 * The one normal form of a path (RFC 3986 §6.2.2): percent-encoded unreserved characters are decoded, the digits of
 * other triplets are upper case, dot segments are removed and empty segments merged. Routes are matched against this
 * form and upstreams get it, so that no two readers see different paths. `%2F` stays what it is: not a separator.
 *
 * `path` starts with `/`. Undefined for a broken triplet, for `%00`, and for a path that climbs above the root.
 */
export function normalisePath(path: string): string | undefined {
  const decoded = path.includes('%') ? decodeUnreserved(path) : path;
  if (decoded === undefined) return undefined;
  return mayHoldDotsOrGaps(decoded) ? removeDotsAndGaps(decoded) : decoded;
}

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

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]{0,5})?$/;

/** Whether a text is a host with an optional port (RFC 3986 §3.2.2): what may stand in a Host field. */
export function validAuthority(text: string): boolean {
  return HOST.test(text);
}
