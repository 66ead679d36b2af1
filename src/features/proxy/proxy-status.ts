import type { ErrorCode } from '../../core/errors.ts';
import { errorInfo } from '../../core/errors.ts';

/** Our failures in the words of RFC 9209 §2.3; what is not here is an internal error of ours. */
const TYPES: Partial<Record<ErrorCode, string>> = {
  'upstream.connect-failed': 'connection_refused',
  'upstream.connect-timeout': 'connection_timeout',
  'upstream.unresolved': 'dns_error',
  'upstream.tls-certificate': 'tls_certificate_error',
  'upstream.tls-failed': 'tls_protocol_error',
  'upstream.closed-early': 'connection_terminated',
  'upstream.reset': 'connection_terminated',
  'upstream.malformed-response': 'http_protocol_error',
  'upstream.ambiguous-framing': 'http_protocol_error',
  'upstream.too-many-interim': 'http_protocol_error',
  'upstream.tunnel-broken': 'connection_terminated',
  'upstream.unexpected-upgrade': 'http_upgrade_failed',
  'upstream.response-too-large': 'http_response_header_section_size',
  'upstream.body-incomplete': 'http_response_incomplete',
  'upstream.first-byte-timeout': 'http_response_timeout',
  'upstream.total-timeout': 'http_response_timeout',
  'upstream.idle-timeout': 'connection_read_timeout',
  'upstream.no-server': 'destination_unavailable',
  'upstream.circuit-open': 'destination_unavailable',
  'upstream.queue-full': 'connection_limit_reached',
  'upstream.redirect-limit': 'proxy_loop_detected',
};

/**
 * The value of Proxy-Status for an answer that stands in for the upstream's (RFC 9209 §2): the type of the failure, and as
 * details our own code for it, under which docs/errors.md says more.
 */
export function proxyStatus(code: ErrorCode, cause: string | undefined): string {
  const ours = errorInfo(code).source === 'client' ? 'http_request_error' : 'proxy_internal_error';
  const details = cause === undefined ? code : `${code}: ${cause}`;
  return `dreamserver; error=${TYPES[code] ?? ours}; details="${details}"`;
}
