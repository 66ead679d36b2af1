import { DreamError } from '../../core/errors.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { compileTemplate, variablesIn } from '../../pipeline/template.ts';

/**
 * Compiles a redirect's target into a function that makes the Location for a request. Whatever the client sent, the
 * result has no byte that could end the field or be read differently by a browser (everything outside of a URI's
 * characters is percent-encoded, backslashes too), and a path never becomes `//other.example`, which browsers take
 * for another host.
 *
 * The function throws DreamError `http1.host.missing` when the template wants a host and the request names none.
 */
export function compileLocation(template: string): (exchange: Exchange) => string {
  const fillIn = compileTemplate(template, { literal: encodeText, value: encodeBytes });
  const wantsHost = variablesIn(template).includes('host');
  return (exchange) => {
    if (wantsHost && exchange.request.authority.replace(/:\d*$/, '') === '') {
      throw new DreamError('http1.host.missing');
    }
    const location = fillIn(exchange);
    return location.startsWith('//') ? location.replace(/^\/+/, '/') : location;
  };
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
