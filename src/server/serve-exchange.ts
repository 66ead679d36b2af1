import { newRequestId } from '../core/request-id.ts';
import { monotonicNow } from '../core/clock.ts';
import { errorCodeOf, systemCodeOf } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Peer } from '../core/peer.ts';
import { emptyBody } from '../http/body.ts';
import type { BodySource } from '../http/body.ts';
import { knownField } from '../http/field-names.ts';
import type { RequestHead } from '../http/head.ts';
import { Response } from '../http/response.ts';
import type { RequestLine } from '../http1/parse-request-head.ts';
import type { Refusal, ServerConnectionOwner } from '../http1/server-connection-owner.ts';
import type { ServerConnection } from '../http1/server-connection.ts';
import type { AccessLog } from '../observe/access-log.ts';
import type { EventLog } from '../observe/event-log.ts';
import { errorResponse } from '../pipeline/error-response.ts';
import { Exchange, type Informer, type Trust } from '../pipeline/exchange.ts';
import type { Handler } from '../pipeline/handler.ts';
import { PendingResponse, type Awaiting } from '../pipeline/pending-response.ts';
import type { RouteTable } from '../router/route-table.ts';
import type { SharedState } from './shared-state.ts';

/** What the connections of one thread have in common. */
export interface ServeContext {
  readonly routes: RouteTable<Handler>;
  readonly accessLog: AccessLog;
  readonly events: EventLog;
  readonly shared: SharedState;
  /** The proxies before this server; undefined where there are none. */
  readonly trust: Trust | undefined;
  /** The access log's format needs Referer and User-Agent. */
  readonly logsAgents: boolean;
  /** A client connection has closed. */
  closed(session: Session): void;
}

const REFERER = knownField('referer');
const USER_AGENT = knownField('user-agent');

/** Methods that are asked for in the asterisk form: of the server as a whole (RFC 9110 §9.3.7). */
const SERVER_METHODS = 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS';

/**
 * One client's connection, as the server sees it: each request goes through route, handler, answer and log line here,
 * from top to bottom.
 */
export class Session implements ServerConnectionOwner, Informer, Awaiting {
  requestId = '';
  connection!: ServerConnection;
  readonly #context: ServeContext;
  #peer!: Peer;
  /** Set where the peer is one of the trusted. */
  #trust: Trust | undefined = undefined;
  #exchange: Exchange | undefined = undefined;
  /** Of a request whose head was refused. */
  #line: RequestLine | undefined = undefined;
  /** What led to the error that was answered. */
  #cause: string | undefined = undefined;

  constructor(context: ServeContext) {
    this.#context = context;
  }

  /** The connection is there: requests follow. */
  begin(connection: ServerConnection, peer: Peer): void {
    this.connection = connection;
    this.#peer = peer;
    const { trust } = this.#context;
    if (trust !== undefined && trust.trusts(peer.address)) this.#trust = trust;
  }

  request(head: RequestHead, body: BodySource): void {
    const exchange = new Exchange(head, body, this.#peer, this, this.#trust);
    this.#exchange = exchange;
    this.requestId = exchange.id;
    const answer = this.#answer(exchange);
    if (answer instanceof Response) this.settled(answer);
    else if (answer instanceof PendingResponse) answer.whenSettled(this);
    else this.#await(answer);
  }

  refused({ code, at, head, line }: Refusal): Response {
    this.#line = line;
    const exchange =
      head === undefined ? undefined : new Exchange(head, emptyBody, this.#peer, undefined, this.#trust);
    this.#exchange = exchange;
    this.requestId = exchange?.id ?? newRequestId();
    return errorResponse(code, { request: head, id: this.requestId, at });
  }

  replaced(code: ErrorCode, cause?: string): Response {
    this.#cause = cause;
    return errorResponse(code, { request: this.#exchange?.request, id: this.requestId });
  }

  inform(exchange: Exchange, interim: Response): void {
    if (exchange === this.#exchange) this.connection.inform(interim);
  }

  finished(
    status: number,
    bytes: number,
    error: ErrorCode | undefined,
    at: number | undefined,
    broke?: string,
  ): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const { shared, accessLog, logsAgents } = this.#context;
    shared.countRequest();
    const cause = broke ?? this.#cause ?? (error === undefined ? undefined : exchange?.cause);
    this.#cause = undefined;
    const request = exchange?.request;
    accessLog.request({
      id: this.requestId,
      ip: exchange === undefined ? this.#peer.address : exchange.clientAddress,
      method: request === undefined ? (this.#line?.method ?? '') : request.method,
      host: request === undefined ? '' : request.authority,
      path: request === undefined ? (this.#line?.target ?? '') : request.rawTarget,
      status,
      bytes,
      latencyMs: exchange === undefined ? 0 : monotonicNow() - exchange.startedAt,
      error,
      cause,
      at: error === undefined ? undefined : at,
      version: request?.version,
      referer: logsAgents ? request?.headers.getKnown(REFERER) : undefined,
      userAgent: logsAgents ? request?.headers.getKnown(USER_AGENT) : undefined,
    });
  }

  aborted(): void {
    this.#exchange?.abort();
  }

  closed(): void {
    this.#context.closed(this);
  }

  /** Route and handler; what they throw is an answer too. */
  #answer(exchange: Exchange): Response | PromiseLike<Response> {
    const { request } = exchange;
    // CONNECT names no path: it is for the routes that take all of them.
    const connect = request.form === 'authority';
    const route = this.#context.routes.find(request.authority, connect ? '/' : request.path);
    if (connect && route?.value.connects !== true) {
      return errorResponse('request.method-not-allowed', { request, id: exchange.id, allow: SERVER_METHODS });
    }
    if (route === undefined) return this.#unrouted(exchange);
    exchange.route = route;
    try {
      return route.value(exchange);
    } catch (thrown) {
      return this.#failure(thrown);
    }
  }

  #unrouted({ request, id }: Exchange): Response {
    if (request.form !== 'asterisk') return errorResponse('request.not-found', { request, id });
    const response = new Response(204);
    response.headers.append('Allow', SERVER_METHODS);
    return response;
  }

  /** The answer is here. */
  settled(response: Response): void {
    this.#cause = response.cause;
    this.connection.respond(response);
  }

  /** What a plugin's promise brings is not known to be an answer. */
  #await(answer: PromiseLike<unknown>): void {
    const checked = (brought: unknown): Response =>
      brought instanceof Response ? brought : this.#failure(new TypeError('the handler gave no Response'));
    void Promise.resolve(answer)
      .then(checked, (reason: unknown) => this.#failure(reason))
      .then((response) => this.settled(response));
  }

  #failure(thrown: unknown): Response {
    const code = errorCodeOf(thrown);
    if (code === 'internal.failure') {
      const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#context.events.error('HANDLER', { id: this.requestId, error: text });
    }
    return errorResponse(code, {
      request: this.#exchange?.request,
      id: this.requestId,
      cause: systemCodeOf(thrown),
    });
  }
}
