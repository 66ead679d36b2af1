import type { ErrorCode } from '../core/errors.ts';
import type { Body, BodySource } from './body.ts';
import { HeaderList } from './header-list.ts';

/** What a connection becomes after its answer: bytes of another protocol go both ways, those for the client as the body. */
export interface Tunnel {
  /** The protocol of a 101 (RFC 9110 §7.8); undefined for an answer to CONNECT. */
  readonly protocol: string | undefined;
  /** The answer is on its way: here is what the client sends from now on, until it ends its half. */
  open(fromClient: BodySource): void;
}

/** What an answer may have besides status, fields and body. */
export interface ResponseOptions {
  readonly error?: ErrorCode | undefined;
  readonly cause?: string | undefined;
  readonly reason?: string | undefined;
  readonly reusable?: boolean;
  readonly tunnel?: Tunnel;
}

const REUSABLE: ResponseOptions = { reusable: true };

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
  /** What led to the error, for the log: a code of the catalogue, or the system's. */
  readonly cause: string | undefined;
  /** The reason phrase an upstream gave; undefined for the standard one. */
  readonly reason: string | undefined;
  /**
   * Set for an answer that is sent many times, such as a hot file's: the wire may keep its serialised form in
   * `serialised`.
   */
  readonly reusable: boolean;
  /** Set where the connection turns into a tunnel; the request must have no body, and `body` comes until it ends. */
  readonly tunnel: Tunnel | undefined;
  serialised: unknown = undefined;
  /** The reusable answer that this one is with another body: the serialised form of its head is kept there. */
  readonly original: Response | undefined;

  constructor(
    status: number,
    headers: HeaderList = new HeaderList(),
    body: Body = null,
    options?: ResponseOptions,
    original?: Response,
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.error = options?.error;
    this.cause = options?.cause;
    this.reason = options?.reason;
    this.reusable = options?.reusable ?? false;
    this.tunnel = options?.tunnel;
    this.original = original;
  }

  /** The same answer, for one exchange: with a body of the same length that comes from elsewhere. */
  withBody(body: Body): Response {
    return new Response(this.status, this.headers, body, REUSABLE, this);
  }

  /** Another answer with other headers: `edit` gets a copy to change. `reusable`: the other one is sent many times too. */
  derive(edit: (headers: HeaderList) => void, reusable = false): Response {
    const headers = this.headers.derive();
    edit(headers);
    const { error, cause, reason } = this;
    const options = { error, cause, reason, reusable };
    return new Response(
      this.status,
      headers,
      this.body,
      this.tunnel ? { ...options, tunnel: this.tunnel } : options,
    );
  }
}
