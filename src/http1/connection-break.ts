import type { ErrorCode } from '../core/errors.ts';

/** The server has ended the connection: it did not let it time out, or break a rule. */
export const BROKE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream.closed-early',
  'upstream.reset',
  'upstream.body-incomplete',
]);

/** What a server has against us, such as that we have no certificate, comes as an alert when TLS is agreed on already. */
export function brokenBy(error: NodeJS.ErrnoException | undefined): ErrorCode {
  return error?.code?.startsWith('ERR_SSL_') ? 'upstream.tls-failed' : 'upstream.reset';
}
