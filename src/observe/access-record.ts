import type { ErrorCode } from '../core/errors.ts';
import type { HttpVersion } from '../http/head.ts';

/**
 * What is known of a request once its last byte has left or it has failed. What the client never sent is the empty
 * string. `id`, `ip`, `error` and `cause` are the server's own words and are written as they are; everything else is escaped.
 */
export interface AccessRecord {
  /** The request's id: a UUID, or the one that a trusted proxy gave it. */
  readonly id: string;
  readonly ip: string;
  readonly method: string;
  /** The authority that the request was for. */
  readonly host: string;
  /** The target as the client wrote it, with its query. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the body that were sent. */
  readonly bytes: number;
  /** From the end of the request's head to now, in milliseconds and parts of them. */
  readonly latencyMs: number;
  /** Why the request failed. */
  readonly error?: ErrorCode | undefined;
  /** What led to it: a code of the catalogue, or the system's. */
  readonly cause?: string | undefined;
  /** Where the request broke a rule, in bytes from its first. */
  readonly at?: number | undefined;
  /** The last three are for the `combined` format only. */
  readonly version?: HttpVersion | undefined;
  readonly referer?: string | undefined;
  readonly userAgent?: string | undefined;
}
