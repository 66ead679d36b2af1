import { hopByHopAnd } from '../http/hop-by-hop.ts';
import type { HttpVersion } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { BodyMode } from './message-writer.ts';
import { dateFieldLine, encodeFields, statusLine } from './encode-fields.ts';
import { knownField } from '../http/field-names.ts';

/** Written by the wire, or ours alone to say: an upstream's are replaced. */
const OMITTED = hopByHopAnd(knownField('date'), knownField('server'), knownField('x-request-id'));

/** How this answer's body goes out (RFC 9112 §6.3). */
export function responseBodyMode(response: Response, method: string, version: HttpVersion): BodyMode {
  const { status, body } = response;
  if (method === 'HEAD' || status === 304 || status === 204 || status < 200) return 'none';
  if (body === null || Buffer.isBuffer(body)) return 'whole';
  if (body.length !== undefined) return 'counted';
  return version === 11 ? 'chunked' : 'until-close';
}

/**
 * The serialised head, from the status line to the empty line. The part that does not depend on the request is kept
 * for an answer that is sent many times. `serverLine` is the Server field's line, or empty.
 */
export function encodeResponseHead(
  response: Response,
  mode: BodyMode,
  version: HttpVersion,
  requestId: string,
  keepAlive: boolean,
  serverLine: string,
): string {
  let fixed = response.reusable ? (response.serialised as string | undefined) : undefined;
  if (fixed === undefined) {
    fixed = fixedPart(response, serverLine);
    if (response.reusable) response.serialised = fixed;
  }
  let head = `${fixed}${dateFieldLine()}X-Request-Id: ${requestId}\r\n`;
  if (mode === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
  if (!keepAlive) head += 'Connection: close\r\n';
  else if (version === 10) head += 'Connection: keep-alive\r\n';
  return `${head}\r\n`;
}

function fixedPart(response: Response, serverLine: string): string {
  const { status, headers } = response;
  const line = statusLine(status, response.reason);
  const fields = encodeFields(headers, OMITTED, undefined);
  return `${line}${serverLine}${fields}${contentLengthLine(response)}`;
}

/** An answer without content has no length of its own (RFC 9110 §8.6): the one of a 304 would be the full answer's. */
function contentLengthLine({ status, body }: Response): string {
  if (status === 204 || status === 304 || status < 200) return '';
  if (body === null) return 'Content-Length: 0\r\n';
  return body.length === undefined ? '' : `Content-Length: ${body.length}\r\n`;
}
