import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { RequestHead } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { HeadLimits, RequestLine } from './parse-request-head.ts';

/** What a connection is configured with. Sizes in bytes, times in milliseconds. */
export interface ServerConnectionOptions {
  readonly limits: HeadLimits & { readonly bodyBytes: number };
  readonly timeouts: {
    readonly headers: number;
    readonly bodyIdle: number;
    readonly keepAlive: number;
    readonly writeStall: number;
  };
  /** Value of the Server field; undefined for none. */
  readonly serverHeader: string | undefined;
}

/** Who makes the answers, and hears what became of them. */
export interface ServerConnectionOwner {
  /** A request is here: answer with `respond`, now or later. */
  request(head: RequestHead, body: BodySource): void;
  /**
   * What came is no request that can be served: the answer to it, after which the connection closes. The head is there
   * when the fault was not in it, but in what it says of the body; `line` is there when a head was refused.
   */
  refused(code: ErrorCode, head: RequestHead | undefined, line: RequestLine | undefined): Response;
  /** The answer that was given broke off before a byte of it had left: another in its place. */
  replaced(code: ErrorCode): Response;
  /** The UUID of the present exchange. */
  readonly requestId: string;
  /** The present exchange is over: its last byte left, or it broke off (`error`). `bytes` counts body bytes sent. */
  finished(status: number, bytes: number, error: ErrorCode | undefined): void;
  /** The client went before its answer was complete. */
  aborted(): void;
  /** The connection is gone. */
  closed(): void;
}
