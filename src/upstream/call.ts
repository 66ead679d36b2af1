import { coarseNow, Deadline } from '../core/deadline.ts';
import type { Waiter as Timed } from '../core/deadline.ts';
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
  /** What it is called in logs: goes with it where its head says so. */
  readonly id: string;
  readonly body: BodySource | null;
  /** The other end of the client's connection, of which servers may want to know. */
  readonly peer?: Peer | undefined;
  /** The client's request, by which a server may be chosen. */
  readonly origin: RequestOrigin;
  /** Set where it must not reach servers more than once, whatever `retry` says. */
  readonly once?: boolean;
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

/** An answer that is passed on unless another server has room. */
interface HeldAnswer {
  readonly head: ResponseHead;
  readonly body: BodySource;
  readonly server: ServerState;
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
export class UpstreamCall implements Waiter, Requester, Queued, Timed<'server'> {
  readonly #upstream: Upstream;
  readonly #request: UpstreamRequest;
  readonly #startedAt: number = coarseNow();
  #tried: ServerState[] = NONE;
  #server: ServerState | undefined = undefined;
  #wait: { cancel(): void } | undefined = undefined;
  /** While a server or a connection is waited for, and there is a time for all tries together. */
  #deadline: Deadline<'server'> | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;
  /** When it first had to wait for a server with room, on the coarse clock. */
  #queuedAt: number | undefined = undefined;
  /** Times that it was sent to different servers. */
  #attempts = 0;
  /** Its number among all that were sent, the last time that it was. */
  #sent = 0;
  /** The answer has less time than a try may take: all that is left of that for all tries together, in milliseconds. */
  firstByte: number | undefined = undefined;
  #staleRetries = 0;
  /** An interim answer has been passed on. */
  #informed = false;
  /** What this request is a trial of: see `ServerState.take`. */
  #trials = 0;
  #held: HeldAnswer | undefined = undefined;

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
    this.#deadline?.release();
    this.#connection?.cancel(this);
    this.#held?.body.cancel();
    if (this.#trials !== 0) this.#server?.undecided(this.#trials);
  }

  #attempt(lastError: ErrorCode, cause: string | undefined): void {
    const server = this.#upstream.choose(this.#request.origin, this.#tried);
    if (server !== undefined) {
      this.#use(server);
    } else if (
      this.#held === undefined &&
      this.#upstream.hasServerBeside(this.#tried, this.#request.origin)
    ) {
      const now = coarseNow();
      this.#queuedAt ??= now;
      this.#armDeadline();
      this.#wait = this.#upstream.queue.add(this, now - this.#queuedAt);
      if (this.#wait === undefined) this.#giveUp('upstream.queue-full', undefined);
    } else {
      const code = lastError === 'upstream.no-server' ? this.#upstream.refusal : lastError;
      this.#giveUp(code, cause, this.#upstream.retryAfter);
    }
  }

  #use(server: ServerState): void {
    this.#server = server;
    this.#armDeadline();
    this.#trials = server.take();
    this.#wait = server.pool.acquire(this);
  }

  /** There is nobody to send it to any more: the client gets the answer that there was, or hears why there is none. */
  #giveUp(code: ErrorCode, cause: string | undefined, retryAfter?: number): void {
    const held = this.#held;
    this.#held = undefined;
    this.#clearDeadline();
    if (held === undefined) this.#request.failed(code, cause, retryAfter);
    else this.#passOn(held.head, held.body, held.server);
  }

  #passOn(head: ResponseHead, body: BodySource, server: ServerState): void {
    this.#request.responded(
      head,
      body,
      server.server,
      this.#upstream.cookieFor(this.#request.origin, server),
    );
  }

  // ---- Queued

  roomMade(): void {
    this.#wait = undefined;
    this.#attempt('upstream.no-server', undefined);
  }

  waitedTooLong(): void {
    this.#wait = undefined;
    this.#giveUp('upstream.queue-full', undefined);
  }

  // ---- Timed

  /** All the time is used up, and no connection there yet. */
  expired(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
    if (this.#trials !== 0) this.#server?.undecided(this.#trials);
    this.#trials = 0;
    this.#giveUp('upstream.total-timeout', undefined);
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
    this.#sent = this.#upstream.budget.sent();
    if (this.#held !== undefined) {
      discardBody(this.#held.body);
      this.#held = undefined;
    }
    const head = request.head((this.#server as ServerState).server);
    if (this.#deadline !== undefined) this.#setFirstByte();
    connection.send(head, request.body, this, request.id);
  }

  connectFailed(code: ErrorCode, detail: string | undefined): void {
    this.#wait = undefined;
    // Neither of the two says anything of how the server is.
    this.#judge(code !== 'upstream.queue-full' && code !== 'upstream.no-server', detail ?? code);
    this.#next(code, detail);
  }

  // ---- Requester

  get mayRepeat(): boolean {
    const { retry } = this.#upstream.options;
    // Also where there is no other server: then it is a 502, and not half an answer.
    return retry.reset && this.#attempts < retry.attempts && this.#repeatable;
  }

  responded(head: ResponseHead, body: BodySource): void {
    const server = this.#server as ServerState;
    this.#serverAnswered(server, head.status);
    // It says the same with every answer.
    if ((this.#connection as ClientConnection).served < 2) server.pool.noteKeepAlive(head);
    const { statuses } = this.#upstream.options.retry;
    if (statuses.length > 0 && statuses.includes(head.status) && this.#triesAnother(head, body)) return;
    this.#passOn(head, body, server);
  }

  informed(head: ResponseHead): void {
    this.#informed = true;
    this.#request.informed(head);
  }

  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel): void {
    this.#serverAnswered(this.#server as ServerState, head.status);
    const cookie = this.#upstream.cookieFor(this.#request.origin, this.#server as ServerState);
    this.#request.switched(head, body, tunnel, cookie);
  }

  failed(code: ErrorCode, silent: boolean, detail: string | undefined): void {
    const wasKept = (this.#connection as ClientConnection).served > 0;
    this.#connection = undefined;
    const { retry } = this.#upstream.options;
    if (silent && wasKept && this.#mayRepeatStale()) {
      this.#staleRetries++;
      this.#attempts--;
      const { pool } = this.#server as ServerState;
      if (pool.isOpen) {
        this.#armDeadline();
        this.#wait = pool.acquireNew(this);
      } else {
        this.#judge(false, code);
        this.#next(code, detail);
      }
      return;
    }
    // A kept connection that breaks was closed before, and says nothing of how the server is.
    this.#judge(!(silent && wasKept) && errorInfo(code).source === 'upstream', code);
    const late = code === 'upstream.first-byte-timeout';
    if (late && this.firstByte !== undefined) {
      this.#request.failed('upstream.total-timeout', detail);
      return;
    }
    const isReason = silent ? retry.reset : retry.timeout && late;
    if (isReason && this.#mayTryAnother && this.#isInBudget(silent)) this.#next(code, detail);
    else this.#request.failed(code, detail);
  }

  explained(detail: string): void {
    this.#request.explained?.(detail);
  }

  #serverAnswered(server: ServerState, status: number): void {
    server.answered(status, (this.#connection as ClientConnection).sentAt, this.#trials);
    this.#trials = 0;
  }

  /** The request failed; `fault`: and that says something of the server. */
  #judge(fault: boolean, reason: string): void {
    const server = this.#server as ServerState;
    if (fault) server.failed(reason, this.#trials);
    else if (this.#trials !== 0) server.undecided(this.#trials);
    this.#trials = 0;
  }

  /** On to a server that has not been tried. */
  #next(code: ErrorCode, detail: string | undefined): void {
    this.#tried = [...this.#tried, this.#server as ServerState];
    this.#attempt(code, detail);
  }

  /** Whether sending the request once more does no harm, and can be done. */
  get #repeatable(): boolean {
    const { method, body, once } = this.#request;
    if (once === true || this.#informed) return false;
    return isIdempotent(method) && (body === null || body.replayable === true);
  }

  /** What is left of the time for all tries together, in milliseconds; Infinity where there is no such time. */
  get #timeLeft(): number {
    const { within } = this.#upstream.options.retry;
    return within === 0 ? Infinity : this.#startedAt + within - coarseNow();
  }

  #setFirstByte(): void {
    this.#clearDeadline();
    const { firstByte } = this.#upstream.options.timeouts;
    const left = Math.max(1, this.#timeLeft);
    this.firstByte = firstByte === 0 || left < firstByte ? left : undefined;
  }

  #armDeadline(): void {
    if (this.#upstream.options.retry.within === 0) return;
    this.#deadline ??= new Deadline(this);
    this.#deadline.arm('server', Math.max(1, this.#timeLeft));
  }

  #clearDeadline(): void {
    this.#deadline?.release();
    this.#deadline = undefined;
  }

  #mayRepeatStale(): boolean {
    // Nothing was done with it, so that no outage is made worse: this costs nothing of the budget.
    return this.#repeatable && this.#staleRetries < STALE_RETRIES;
  }

  /** Whether it may be sent once more, and there is a server that it was not sent to. */
  get #mayTryAnother(): boolean {
    if (this.#attempts >= this.#upstream.options.retry.attempts) return false;
    if (!this.#repeatable || this.#timeLeft <= 0) return false;
    return this.#upstream.hasServerBeside([...this.#tried, this.#server as ServerState]);
  }

  /** Taken last: what cannot be sent anywhere else costs nothing. `broken`: the server broke the connection. */
  #isInBudget(broken: boolean): boolean {
    const { budget } = this.#upstream;
    return broken ? budget.takeRetryOfBroken(this.#server as ServerState, this.#sent) : budget.takeRetry();
  }

  /** The answer is one that another server may better: it is held until that one has the request. False: nobody has room. */
  #triesAnother(head: ResponseHead, body: BodySource): boolean {
    if (!this.#mayTryAnother) return false;
    const server = this.#server as ServerState;
    const tried = [...this.#tried, server];
    const other = this.#upstream.choose(this.#request.origin, tried);
    if (other === undefined) return false;
    if (!this.#isInBudget(false)) {
      other.pool.settle();
      return false;
    }
    this.#connection = undefined;
    this.#tried = tried;
    this.#held = { head, body, server };
    this.#use(other);
    return true;
  }
}

const NONE: ServerState[] = [];
