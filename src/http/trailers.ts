import type { ReadonlyHeaderList } from './header-list.ts';
import { SPAN } from './header-list.ts';

/**
 * Fields that mean something before the body is read, and are not to be believed behind it (RFC 9110 §6.5.1): framing,
 * routing, authentication, what modifies the request or controls the answer, and what says how the content is to be
 * read. Who merged them into the header would let the end of a body change what the message was.
 */
const NOT_BEHIND: ReadonlySet<string> = new Set(
  [
    'transfer-encoding content-length trailer te upgrade http2-settings',
    'connection keep-alive proxy-connection host max-forwards via',
    'forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-real-ip x-request-id',
    'authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie origin referer',
    'authentication-info proxy-authentication-info x-forwarded x-forwarded-server clear-site-data',
    'expect range cache-control pragma if-match if-none-match if-modified-since if-unmodified-since if-range',
    'accept accept-encoding accept-language accept-charset accept-ranges user-agent server allow',
    'age date expires location refresh retry-after vary warning',
    'strict-transport-security',
  ].flatMap((names) => names.split(' ')),
);

/** The field lines of a trailer section that may be passed on, each with its CRLF; the empty string where there are none. */
export function trailerLines(trailers: ReadonlyHeaderList | undefined): string {
  if (trailers === undefined) return '';
  const { spans, text } = trailers;
  let lines = '';
  for (let i = 0; i < spans.length; i += SPAN) {
    const name = text.slice(spans[i + 1], spans[i + 2]);
    if (!mayFollow(name)) continue;
    lines += `${name}: ${text.slice(spans[i + 3], spans[i + 4])}\r\n`;
  }
  return lines;
}

/**
 * Families that grow: what describes or secures the content, what grants access to it, and what browsers say of a
 * request. Of these only a digest cannot be known before (RFC 9530).
 */
const FAMILIES_NOT_BEHIND = /^(?:content-(?!digest$)|access-control-|cross-origin-|sec-)/;

function mayFollow(name: string): boolean {
  // CGI and WSGI make one variable of `-` and `_`.
  const plain = name.toLowerCase().replaceAll('_', '-');
  return !NOT_BEHIND.has(plain) && !FAMILIES_NOT_BEHIND.test(plain);
}
