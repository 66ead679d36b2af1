import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../http/head.ts';
import type { Tunnel } from '../http/response.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import type { Requester } from '../http1/client-connection-owner.ts';
import type { RequestOrigin } from './balance/balancer.ts';
import type { Waiter } from './pool.ts';
import type { Queued } from './queue.ts';
import type { UpstreamServer } from './schema.ts';
import type { ServerState } from './server-state.ts';
import type { Upstream } from './upstream.ts';

/** A request for an upstream, and who hears of its outcome: exactly one of `responded`, `switched` and `failed`. */
export interface UpstreamRequest {
  readonly method: string;
  readonly body: BodySource | null;
  /** The client's request, by which a server may be chosen. */
  readonly origin: RequestOrigin;
  /** The head as this server gets it. */
  head(server: UpstreamServer): OutgoingRequestHead;
  /** `cookie`: a Set-Cookie field of ours, which keeps the client with that server. */
  responded(head: ResponseHead, body: BodySource, server: UpstreamServer, cookie: string | undefined): void;
  /** An interim answer; others and the final one follow. */
  informed(head: ResponseHead): void;
  /** The server has changed to another protocol, whose bytes are the body. */
  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel, cookie: string | undefined): void;
  /** `cause`: what led to it, where the code does not say it all: a rule that the answer broke, the system's error. */
  failed(code: ErrorCode, cause: string | undefined): void;
}

/** Methods that may be sent again when nobody knows whether they arrived (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** How often a request is sent again because a kept connection turned out to be closed. */
const STALE_RETRIES = 2;

/**
 * One request on its way: a server is chosen, a connection taken, the request sent. A server that cannot be connected
 * to is passed over for the next, since nothing was sent. A kept connection that breaks without a byte of an answer
 * is tried again only where sending twice does no harm: an idempotent method, and no body that has left already.
 */
export class UpstreamCall implements Waiter, Requester, Queued {
  readonly #upstream: Upstream;
  readonly #request: UpstreamRequest;
  #tried: ServerState[] = NONE;
  #server: ServerState | undefined = undefined;
  #wait: { cancel(): void } | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;
  #retries = 0;

  constructor(upstream: Upstream, request: UpstreamRequest) {
    this.#upstream = upstream;
    this.#request = request;
  }

  start(): void {
    this.#attempt('upstream.no-server', undefined);
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    this.#wait?.cancel();
    this.#connection?.cancel(this);
  }

  #attempt(lastError: ErrorCode, cause: string | undefined): void {
    const server = this.#upstream.choose(this.#request.origin, this.#tried);
    if (server !== undefined) {
      this.#server = server;
      this.#wait = server.pool.acquire(this);
    } else if (this.#upstream.hasBusyServer(this.#tried)) {
      this.#wait = this.#upstream.queue.add(this);
      if (this.#wait === undefined) this.#request.failed('upstream.queue-full', undefined);
    } else {
      this.#request.failed(lastError, cause);
    }
  }

  // ---- Queued

  roomMade(): void {
    this.#wait = undefined;
    this.#attempt('upstream.no-server', undefined);
  }

  waitedTooLong(): void {
    this.#wait = undefined;
    this.#request.failed('upstream.queue-full', undefined);
  }

  // ---- Waiter

  connected(connection: ClientConnection): void {
    const request = this.#request;
    this.#wait = undefined;
    this.#connection = connection;
    connection.send(request.head((this.#server as ServerState).server), request.body, this);
  }

  connectFailed(code: ErrorCode, detail: string | undefined): void {
    this.#wait = undefined;
    this.#tried = [...this.#tried, this.#server as ServerState];
    this.#attempt(code, detail);
  }

  // ---- Requester

  responded(head: ResponseHead, body: BodySource): void {
    const server = this.#server as ServerState;
    this.#request.responded(head, body, server.server, this.#cookieOf(server));
  }

  informed(head: ResponseHead): void {
    this.#request.informed(head);
  }

  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel): void {
    this.#request.switched(head, body, tunnel, this.#cookieOf(this.#server as ServerState));
  }

  #cookieOf(server: ServerState): string | undefined {
    return this.#upstream.cookieFor(this.#request.origin, server);
  }

  failed(code: ErrorCode, silent: boolean, detail: string | undefined): void {
    const wasKept = (this.#connection as ClientConnection).served > 0;
    this.#connection = undefined;
    const { method, body } = this.#request;
    const repeatable = body === null && IDEMPOTENT.has(method);
    if (silent && wasKept && repeatable && this.#retries < STALE_RETRIES) {
      this.#retries++;
      this.#wait = (this.#server as ServerState).pool.acquireNew(this);
      return;
    }
    this.#request.failed(code, detail);
  }
}

const NONE: ServerState[] = [];
