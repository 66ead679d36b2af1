/**
 * Bytes of a message head: the lines as given, each ended by CRLF, and the empty line. A body is added by the test,
 * so that what stands in the test is what goes over the wire.
 */
export function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A GET of HTTP/1.1 with a Host, and further field lines. */
export function get(target: string, ...fields: string[]): string {
  return head(`GET ${target} HTTP/1.1`, 'Host: localhost', ...fields);
}

/** Bytes of one chunk of a chunked body (RFC 9112 §7.1); an empty one is the last, with no trailers. */
export function chunk(data: string): string {
  return data === '' ? '0\r\n\r\n' : `${data.length.toString(16)}\r\n${data}\r\n`;
}
