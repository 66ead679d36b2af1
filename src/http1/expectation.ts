import type { RequestHead } from '../http/head.ts';
import { SEEN } from './field-section.ts';

/**
 * Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1); undefined for an expectation
 * that nobody knows. A client of HTTP/1.0 knows no interim answers, and waits for none.
 */
export function expectsContinue(head: RequestHead, seen: number): boolean | undefined {
  if ((seen & SEEN.expect) === 0) return false;
  if (head.headers.getList('expect')?.toLowerCase() !== '100-continue') return undefined;
  return head.version === 11;
}
