import { Buffer } from 'node:buffer';
import { knownField } from '../../http/field-names.ts';
import type { RequestHead } from '../../http/head.ts';
import { fieldMask } from '../../http/hop-by-hop.ts';
import { SPAN, type HeaderList } from '../../http/header-list.ts';
import { trimBlanks } from '../../http/list-members.ts';
import { encodeUnwise, normalisePath } from '../../http/target.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import { hostOf, isOnUpstream } from './upstream-place.ts';
import type { PathRewriting } from './path-rewriting.ts';
import type { ProxyOptions } from './schema.ts';

/** What has been asked of whom: an answer speaks of places as they are seen from there. */
export interface Asked {
  /** The client's request. */
  readonly request: RequestHead;
  /** Path and query that the upstream was asked for. */
  readonly target: string;
  /** The Host that it was asked with. */
  readonly host: string;
  readonly server: UpstreamServer;
  /** Whether the target is another than the one that the client's stands for: a redirect was followed. */
  readonly followed: boolean;
}

const PLACES = fieldMask(knownField('location'), knownField('content-location'), knownField('refresh'));

/** Whether an answer names places at all. */
export function tellsOfPlaces({ spans }: HeaderList): boolean {
  for (let i = 0; i < spans.length; i += SPAN) if (PLACES[spans[i]] === 1) return true;
  return false;
}

/** `5; url=/there`, with the quotes that some put around it. */
const REFRESH = /^([\d.]+[\t ]*[;,][\t ]*(?:url[\t ]*=[\t ]*)?)(["']?)([^"'\t ][^"']*)\2$/i;

/** Makes what an answer says of places on the upstream true for the client: Location, Content-Location, Refresh. */
export function rewritePlaces(headers: HeaderList, asked: Asked, paths: PathRewriting): void {
  const forClient = (place: string): string => clientPlace(place, asked, paths);
  headers.change('Location', forClient);
  headers.change('Content-Location', forClient);
  headers.change('Refresh', (value) =>
    value.replace(
      REFRESH,
      (_, before: string, quote: string, url: string) => before + quote + forClient(url) + quote,
    ),
  );
}

const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * A place that the upstream has named, as the client gets to it. What names the server itself, which the client does not
 * know, becomes a path on this host; what names the client's own host keeps it. Other places stay as they are.
 */
function clientPlace(
  place: string,
  { request, target, host, server, followed }: Asked,
  paths: PathRewriting,
): string {
  const absolute = HAS_SCHEME.test(place) || place.startsWith('//');
  if (!absolute && !paths.changes && !followed) return place;
  const base = `${server.url.slice(0, server.url.indexOf(':'))}://${host}${target}`;
  // Only ASCII belongs in a URL, but some send UTF-8; field values are latin1 here.
  const text = Buffer.from(place, 'latin1').toString();
  if (!URL.canParse(text, base)) return place;
  const url = new URL(text, base);
  if (url.username !== '' || url.password !== '') return place;
  const atClientsHost = url.host === hostOf(request.authority, url.protocol)?.host;
  if (absolute) {
    if (!isOnUpstream(url, host, server)) return place;
    // The scheme is the client's business: the upstream may know it, or guess.
    if (atClientsHost && !paths.changes) return place;
  }
  const path = normalisePath(url.pathname);
  const forClient = path === undefined ? undefined : paths.clientPath(path, request);
  if (forClient === undefined) return place;
  const there = forClient + encodeUnwise(url.search) + url.hash;
  return absolute && atClientsHost ? url.origin + there : there;
}

type CookieOptions = NonNullable<ProxyOptions['cookies']>;

const DOMAIN = /^[\t ]*domain[\t ]*=[\t ]*\.?([^\t ]*)[\t ]*$/i;
const PATH = /^[\t ]*path[\t ]*=(.*)$/i;

/** A Set-Cookie value with the Domain and the Path that are the client's (RFC 6265 §4.1). */
export function rewriteCookie(value: string, { domain, path }: CookieOptions): string {
  const [pair, ...attributes] = value.split(';');
  const rewritten = attributes.flatMap((attribute) => {
    const itsDomain = DOMAIN.exec(attribute)?.[1].toLowerCase();
    if (itsDomain !== undefined && Object.hasOwn(domain, itsDomain)) {
      const ours = domain[itsDomain];
      // Without the attribute the cookie is for the host alone that has set it.
      return ours === '' ? [] : [` Domain=${ours}`];
    }
    const itsPath = PATH.exec(attribute)?.[1];
    return itsPath === undefined ? [attribute] : [rewriteCookiePath(attribute, trimBlanks(itsPath), path)];
  });
  return [pair, ...rewritten].join(';');
}

function rewriteCookiePath(attribute: string, path: string, paths: CookieOptions['path']): string {
  const prefix = Object.keys(paths)
    .filter((each) => path === each || path.startsWith(each.endsWith('/') ? each : `${each}/`))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
  if (prefix === undefined) return attribute;
  const rest = path.slice(prefix.length).replace(/^\//, '');
  const base = paths[prefix];
  if (rest === '') return ` Path=${base}`;
  return ` Path=${base.endsWith('/') ? base : `${base}/`}${rest}`;
}
