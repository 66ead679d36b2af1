import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { RequestHead } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { Leniency } from './leniency.ts';
import type { HeadLimits, RequestLine } from './parse-request-head.ts';

/** What a connection is configured with. Sizes in bytes, times in milliseconds. */
export interface ServerConnectionOptions {
  readonly limits: HeadLimits & {
    readonly bodyBytes: number;
    /** Requests that one connection may make; 0 for any number. */
    readonly requestsPerConnection: number;
    /** Bytes per second that a client has to keep up, once its patience is used up; 0 for none. */
    readonly minDataRate: number;
  };
  /** What clients may get wrong. */
  readonly lenient: Leniency;
  readonly timeouts: {
    readonly headers: number;
    readonly bodyIdle: number;
    readonly keepAlive: number;
    readonly writeStall: number;
    readonly tunnel: number;
  };
  /** Value of the Server field; undefined for none. */
  readonly serverHeader: string | undefined;
}

/** Why a request is not served. */
export interface Refusal {
  readonly code: ErrorCode;
  /** Where the rule was broken, in bytes from the request's first; undefined where that is no place, such as a time. */
  readonly at: number | undefined;
  /** There when the fault was not in the head, but in what it says of the body. */
  readonly head: RequestHead | undefined;
  /** There when a head was refused: what of its first line was understood. */
  readonly line: RequestLine | undefined;
}

/** Who makes the answers, and hears what became of them. */
export interface ServerConnectionOwner {
  /** A request is here: answer with `respond`, now or later. */
  request(head: RequestHead, body: BodySource): void;
  /** What came is no request that can be served: the answer to it, after which the connection closes. */
  refused(refusal: Refusal): Response;
  /** The answer that was given broke off before a byte of it had left: another in its place. `cause`: see `finished`. */
  replaced(code: ErrorCode, cause?: string): Response;
  /** The id of the present exchange. */
  readonly requestId: string;
  /**
   * The present exchange is over: its last byte left, or it broke off (`error`). `bytes` counts body bytes sent; `at` is
   * where the request broke a rule, in bytes from its first; `cause` what the system calls the reason for which a body
   * broke off, such as `EIO`.
   */
  finished(
    status: number,
    bytes: number,
    error: ErrorCode | undefined,
    at: number | undefined,
    cause?: string,
  ): void;
  /** The client went before its answer was complete. */
  aborted(): void;
  /** The connection is gone. */
  closed(): void;
}
