import { flat } from '../core/latin1.ts';
import type { BodySource } from '../http/body.ts';
import type { OutgoingRequestHead } from '../http/head.ts';
import type { BodyMode } from './message-writer.ts';
import { encodeFields } from './encode-fields.ts';

/** What the wire keeps of a head that is sent many times. */
interface Serialised {
  readonly length: BodyLength;
  readonly fixed: string;
}

/** What frames a body: its bytes, undefined for chunks, null where there is no body. */
type BodyLength = number | undefined | null;

/** The serialised head of a request, from the request line to the empty line. `id`: what the request is called. */
export function encodeRequestHead(head: OutgoingRequestHead, length: BodyLength, id?: string): string {
  const fixed = head.reusable ? serialised(head, length) : fixedPart(head, length);
  return head.identified && id !== undefined ? `${fixed}X-Request-Id: ${id}\r\n\r\n` : `${fixed}\r\n`;
}

function serialised(head: OutgoingRequestHead, length: BodyLength): string {
  const kept = head.serialised as Serialised | undefined;
  if (kept !== undefined && kept.length === length) return kept.fixed;
  const fixed = flat(fixedPart(head, length));
  head.serialised = { length, fixed };
  return fixed;
}

/** All but the request's id and the empty line. */
function fixedPart(head: OutgoingRequestHead, length: BodyLength): string {
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
  return text;
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
