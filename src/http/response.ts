import type { ErrorCode } from '../core/errors.ts';
import type { Body } from './body.ts';
import { HeaderList } from './header-list.ts';

/**
 * The answer to a request. Immutable: a feature that changes an answer makes another with `derive`.
 *
 * Framing and connection fields (Content-Length, Transfer-Encoding, Connection, Keep-Alive, Date, Server,
 * X-Request-Id) are the wire's: it writes them from the body and the connection, and a handler leaves them out.
 * An answer to HEAD carries the body that GET would have; the wire leaves the bytes out and keeps the length.
 */
export class Response {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Body;
  /** Why this is an error answer, for the log. */
  readonly error: ErrorCode | undefined;
  /** The reason phrase an upstream gave; undefined for the standard one. */
  readonly reason: string | undefined;
  /**
   * Set for an answer that is sent many times, such as a hot file's: the wire may keep its serialised form in
   * `serialised`.
   */
  readonly reusable: boolean;
  serialised: unknown = undefined;

  constructor(
    status: number,
    headers: HeaderList = new HeaderList(),
    body: Body = null,
    options?: { error?: ErrorCode | undefined; reason?: string | undefined; reusable?: boolean },
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.error = options?.error;
    this.reason = options?.reason;
    this.reusable = options?.reusable ?? false;
  }

  /** Another answer with other headers: `edit` gets a copy to change. */
  derive(edit: (headers: HeaderList) => void): Response {
    const headers = this.headers.derive();
    edit(headers);
    return new Response(this.status, headers, this.body, { error: this.error, reason: this.reason });
  }
}
