import { coarseNow } from '../core/deadline.ts';
import { errorInfo } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Peer } from '../core/peer.ts';
import type { BodySource } from '../http/body.ts';
import { discardBody } from '../http/discard-body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../http/head.ts';
import { isIdempotent } from '../http/methods.ts';
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
  /** The other end of the client's connection, of which servers may want to know. */
  readonly peer?: Peer | undefined;
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
  /**
   * `cause`: what led to it, where the code does not say it all: a rule that the answer broke, the system's error.
   * `retryAfter`: the seconds after which it is worth asking again, where that is known.
   */
  failed(code: ErrorCode, cause: string | undefined, retryAfter?: number): void;
  /** The body of the answer is about to fail; `cause` as above. */
  explained?(cause: string): void;
}

/** How often a request is sent again because a kept connection turned out to be closed. */
const STALE_RETRIES = 2;

/**
 * One request on its way: a server is chosen, a connection taken, the request sent. When that fails it may be sent again:
 *
 * - to the next server, always, where no connection could be made: nothing was sent;
 * - over a new connection to the same server, where a kept one broke without a byte of an answer: it had been closed at
 *   the moment that we used it;
 * - to another server, for the reasons that `retry` names, as often as that says.
 *
 * The last two only where sending twice does no harm (RFC 9110 §9.2.2) and is possible: the method is idempotent, the body
 * can be had again, nothing of an answer has been passed on; and only within the upstream's budget (ADR 0008).
 */
export class UpstreamCall implements Waiter, Requester, Queued {
  readonly #upstream: Upstream;
  readonly #request: UpstreamRequest;
  readonly #startedAt: number = coarseNow();
  #tried: ServerState[] = NONE;
  #server: ServerState | undefined = undefined;
  #wait: { cancel(): void } | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;
  /** When it first had to wait for a server with room, on the coarse clock. */
  #queuedAt: number | undefined = undefined;
  /** Times that it was sent to different servers. */
  #attempts = 0;
  #staleRetries = 0;
  /** An interim answer has been passed on. */
  #informed = false;
  /** The server has been ejected, and this request shows whether it is well. */
  #probes = false;

  constructor(upstream: Upstream, request: UpstreamRequest) {
    this.#upstream = upstream;
    this.#request = request;
  }

  start(): void {
    this.#upstream.budget.request();
    this.#attempt('upstream.no-server', undefined);
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    this.#wait?.cancel();
    this.#connection?.cancel(this);
    if (this.#probes) this.#server?.undecided();
  }

  #attempt(lastError: ErrorCode, cause: string | undefined): void {
    const server = this.#upstream.choose(this.#request.origin, this.#tried);
    if (server !== undefined) {
      this.#server = server;
      this.#probes = server.take();
      this.#wait = server.pool.acquire(this);
    } else if (this.#upstream.hasServerBeside(this.#tried)) {
      const now = coarseNow();
      this.#queuedAt ??= now;
      this.#wait = this.#upstream.queue.add(this, now - this.#queuedAt);
      if (this.#wait === undefined) this.#request.failed('upstream.queue-full', undefined);
    } else {
      this.#request.failed(lastError, cause, this.#upstream.retryAfter);
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

  get client(): Peer | undefined {
    return this.#request.peer;
  }

  connected(connection: ClientConnection): void {
    const request = this.#request;
    this.#wait = undefined;
    this.#connection = connection;
    this.#attempts++;
    connection.send(request.head((this.#server as ServerState).server), request.body, this);
  }

  connectFailed(code: ErrorCode, detail: string | undefined): void {
    this.#wait = undefined;
    this.#judge(code !== 'upstream.queue-full', detail ?? code);
    if (this.#hasTime) this.#next(code, detail);
    else this.#request.failed(code, detail);
  }

  // ---- Requester

  get mayRepeat(): boolean {
    const { retry } = this.#upstream.options;
    // Also where there is no other server: then it is a 502, and not half an answer.
    return retry.reset && this.#attempts < retry.attempts && this.#repeatable;
  }

  responded(head: ResponseHead, body: BodySource): void {
    const server = this.#server as ServerState;
    this.#serverAnswered(server);
    // It says the same with every answer.
    if ((this.#connection as ClientConnection).served < 2) server.pool.noteKeepAlive(head);
    const { statuses } = this.#upstream.options.retry;
    if (statuses.length > 0 && statuses.includes(head.status) && this.#mayTryAnother()) {
      this.#connection = undefined;
      discardBody(body);
      this.#next('upstream.no-server', undefined);
      return;
    }
    this.#request.responded(head, body, server.server, this.#cookieOf(server));
  }

  informed(head: ResponseHead): void {
    this.#informed = true;
    this.#request.informed(head);
  }

  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel): void {
    this.#serverAnswered(this.#server as ServerState);
    this.#request.switched(head, body, tunnel, this.#cookieOf(this.#server as ServerState));
  }

  failed(code: ErrorCode, silent: boolean, detail: string | undefined): void {
    const wasKept = (this.#connection as ClientConnection).served > 0;
    this.#connection = undefined;
    const { retry } = this.#upstream.options;
    if (silent && wasKept && this.#mayRepeatStale()) {
      this.#staleRetries++;
      this.#attempts--;
      this.#wait = (this.#server as ServerState).pool.acquireNew(this);
      return;
    }
    // A kept connection that breaks was closed before, and says nothing of how the server is.
    this.#judge(!(silent && wasKept) && errorInfo(code).source === 'upstream', code);
    const isReason = silent ? retry.reset : retry.timeout && code === 'upstream.first-byte-timeout';
    if (isReason && this.#mayTryAnother()) this.#next(code, detail);
    else this.#request.failed(code, detail);
  }

  explained(detail: string): void {
    this.#request.explained?.(detail);
  }

  #serverAnswered(server: ServerState): void {
    this.#probes = false;
    server.succeeded();
  }

  /** The request failed; `fault`: and that says something of the server. */
  #judge(fault: boolean, reason: string): void {
    const server = this.#server as ServerState;
    if (fault) server.failed(reason);
    else if (this.#probes) server.undecided();
    this.#probes = false;
  }

  /** On to a server that has not been tried. */
  #next(code: ErrorCode, detail: string | undefined): void {
    this.#tried = [...this.#tried, this.#server as ServerState];
    this.#attempt(code, detail);
  }

  /** Whether sending the request once more does no harm, and can be done. */
  get #repeatable(): boolean {
    const { method, body } = this.#request;
    return isIdempotent(method) && (body === null || body.replayable === true) && !this.#informed;
  }

  get #hasTime(): boolean {
    const { within } = this.#upstream.options.retry;
    return within === 0 || coarseNow() - this.#startedAt < within;
  }

  #mayRepeatStale(): boolean {
    // Nothing was done with it, so that no outage is made worse: this costs nothing of the budget.
    return this.#repeatable && this.#staleRetries < STALE_RETRIES;
  }

  #mayTryAnother(): boolean {
    const { attempts } = this.#upstream.options.retry;
    if (this.#attempts >= attempts || !this.#repeatable || !this.#hasTime) return false;
    // What cannot be sent anywhere else costs nothing of the budget.
    const tried = [...this.#tried, this.#server as ServerState];
    return this.#upstream.hasServerBeside(tried) && this.#upstream.budget.takeRetry();
  }

  #cookieOf(server: ServerState): string | undefined {
    return this.#upstream.cookieFor(this.#request.origin, server);
  }
}

const NONE: ServerState[] = [];
