/** Methods that may be sent again when nobody knows whether they arrived (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Whether a request of this method means the same sent once or several times. A method that nobody knows does not. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
