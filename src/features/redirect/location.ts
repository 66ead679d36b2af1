import { DreamError } from '../../core/errors.ts';
import type { RequestHead } from '../../http/head.ts';

/** What may stand in braces in a redirect's target, and what it stands for. */
const placeholders: Readonly<Record<string, (request: RequestHead) => string>> = {
  uri: (request) => pathOf(request) + request.query,
  path: pathOf,
  query: (request) => request.query,
  host: hostOf,
};

/** The names that may stand in braces. */
export const PLACEHOLDERS: readonly string[] = Object.keys(placeholders);

const PLACEHOLDER = /\{(\w*)\}/;

/** The names in braces, known or not. */
export function placeholdersIn(template: string): string[] {
  return template.split(PLACEHOLDER).filter((_, i) => i % 2 === 1);
}

/**
 * Compiles a redirect's target into a function that makes the Location for a request. Whatever the client sent, the
 * result has no byte that could end the field or be read differently by a browser (everything outside of a URI's
 * characters is percent-encoded, backslashes too), and a path never becomes `//other.example`, which browsers take
 * for another host.
 *
 * The function throws DreamError `http1.host.missing` when the template wants a host and the request names none.
 */
export function compileLocation(template: string): (request: RequestHead) => string {
  // Even places are literal text, odd ones names.
  const parts = template.split(PLACEHOLDER).map((part, i) => (i % 2 === 0 ? encodeText(part) : part));
  return (request) => {
    let location = parts[0];
    for (let i = 1; i < parts.length; i += 2) {
      location += encodeBytes(placeholders[parts[i]](request)) + parts[i + 1];
    }
    return location.startsWith('//') ? location.replace(/^\/+/, '/') : location;
  };
}

/** Only what starts with a slash: behind a host, anything else (`*`) would become part of its name. */
function pathOf(request: RequestHead): string {
  return request.path.startsWith('/') ? request.path : '';
}

/** The host without its port. */
function hostOf(request: RequestHead): string {
  const host = request.authority.replace(/:\d*$/, '');
  if (host === '') throw new DreamError('http1.host.missing');
  return host;
}

const NOT_IN_A_URI = /[^!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]/gu;

/** Percent-encodes Unicode text as UTF-8; what is encoded already stays. */
function encodeText(text: string): string {
  return text.replaceAll(NOT_IN_A_URI, encodeURIComponent);
}

/** Percent-encodes latin1, as a head carries it: one character a byte. */
function encodeBytes(text: string): string {
  return text.replaceAll(
    NOT_IN_A_URI,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
