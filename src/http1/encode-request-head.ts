import type { BodySource } from '../http/body.ts';
import type { OutgoingRequestHead } from '../http/head.ts';
import type { BodyMode } from './message-writer.ts';
import { encodeFields } from './encode-fields.ts';

/**
 * The serialised head of a request, from the request line to the empty line. `length` frames the body: bytes,
 * undefined for chunks, null where there is no body.
 */
export function encodeRequestHead(head: OutgoingRequestHead, length: number | undefined | null): string {
  const { added } = head;
  const fields = encodeFields(head.headers, head.omit, head.nominated);
  let text = `${head.method} ${head.target} HTTP/1.1\r\nHost: ${head.host}\r\n${fields}`;
  for (let i = 0; i < added.length; i += 2) text += `${added[i]}: ${added[i + 1]}\r\n`;
  if (head.upgrade !== undefined || head.trailers) text += connectionLines(head);
  if (head.expectContinue) text += 'Expect: 100-continue\r\n';
  if (length !== null) {
    text += length === undefined ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${length}\r\n`;
  } else if (METHODS_WITH_CONTENT.has(head.method)) {
    text += 'Content-Length: 0\r\n';
  }
  return `${text}\r\n`;
}

/** How this request's body goes out. */
export function requestBodyMode(head: OutgoingRequestHead, body: BodySource | null): BodyMode {
  if (body === null) return 'none';
  if (body.length !== undefined) return 'counted';
  return head.trailers ? 'chunked-trailers' : 'chunked';
}

/** `Upgrade` and `TE` are for the next hop only, so Connection names them (RFC 9110 §7.8, §10.1.4). */
function connectionLines({ upgrade, trailers }: OutgoingRequestHead): string {
  const te = trailers ? 'TE: trailers\r\n' : '';
  if (upgrade === undefined) return `Connection: TE\r\n${te}`;
  return `Connection: upgrade${trailers ? ', TE' : ''}\r\nUpgrade: ${upgrade}\r\n${te}`;
}

/** Methods whose request says so when it has no content (RFC 9110 §8.6). */
const METHODS_WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
