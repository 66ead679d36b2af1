import { newRequestId } from '../core/request-id.ts';
import { monotonicNow } from '../core/clock.ts';
import type { Peer } from '../core/peer.ts';
import type { BodySource } from '../http/body.ts';
import { knownField } from '../http/field-names.ts';
import { findClient, hopsOf } from '../http/forwarded.ts';
import type { ClientView, ForwardingFields } from '../http/forwarded.ts';
import type { RequestHead } from '../http/head.ts';
import type { Response } from '../http/response.ts';

/** What a route's path pattern captured. */
export interface RouteParams {
  /** The part of the path that `*` stands for. */
  readonly rest: string;
}

/** The part of a matched route that knows what its pattern captured. */
interface MatchedRoute {
  rest(path: string): string;
}

/** Who brings interim answers to the client. */
export interface Informer {
  /** `interim` goes out before the answer to this exchange; dropped where that has begun, or the client knows none. */
  inform(exchange: Exchange, interim: Response): void;
}

/** Whom to believe about who stands before them, and in which fields they say it. */
export interface Trust {
  readonly fields: ForwardingFields;
  trusts(address: string): boolean;
}

const REQUEST_ID = knownField('x-request-id');

/** What an id may be that is not ours: short, and nothing that could be taken for more than an id in a log or a page. */
const TAKEN_ID = /^[\w.~+/=:@-]{1,128}$/;

/** One request and what is known of it while it is answered. */
export class Exchange {
  /** In the log as `id=` and sent as X-Request-Id: a UUID, or what a trusted proxy before us has called the request. */
  readonly id: string;
  readonly request: RequestHead;
  readonly body: BodySource;
  readonly peer: Peer;
  /** When the head was complete, on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** Set by the server when a route has taken the exchange. */
  route: MatchedRoute | undefined = undefined;
  #aborted = false;
  #onAbort: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  readonly #informer: Informer | undefined;
  readonly #trust: Trust | undefined;
  #client: ClientView | undefined = undefined;
  #upstream: string | undefined = undefined;
  #cause: string | undefined = undefined;
  /** The exchange as the client began it, which knows how it stands with the client: this one, or what it is derived from. */
  readonly #origin: Exchange;

  /** `trust` is given where the peer itself is trusted, `origin` where this one is derived. */
  constructor(
    request: RequestHead,
    body: BodySource,
    peer: Peer,
    informer?: Informer,
    trust?: Trust,
    origin?: Exchange,
  ) {
    this.#origin = origin ?? this;
    this.id = origin?.id ?? (trust === undefined ? undefined : takenId(request)) ?? newRequestId();
    this.startedAt = origin?.startedAt ?? monotonicNow();
    this.request = request;
    this.body = body;
    this.peer = peer;
    this.#informer = informer;
    this.#trust = trust;
  }

  /** The same exchange with another head, for the next handler: the client's own is never changed. */
  derive(request: RequestHead): Exchange {
    const { body, peer } = this;
    const derived = new Exchange(request, body, peer, this.#informer, this.#trust, this.#origin);
    derived.route = this.route;
    return derived;
  }

  /** Host and port of the server behind us that has answered; undefined where none has. */
  get upstream(): string | undefined {
    return this.#origin.#upstream;
  }

  /** What led to the failure of an answer that had begun, for the log. */
  get cause(): string | undefined {
    return this.#origin.#cause;
  }

  /** The proxy's word on why the answer is about to break off. */
  explain(cause: string): void {
    this.#origin.#cause = cause;
  }

  /** The proxy's word on which server has answered. */
  answeredBy(upstream: string): void {
    this.#origin.#upstream = upstream;
  }

  /** The fields in which the peer is believed about those before it; undefined where it is not. */
  get believed(): ForwardingFields | undefined {
    return this.#trust?.fields;
  }

  /** The client's IP address: that of the peer, unless that is a trusted proxy and tells another. `unix` for a unix socket. */
  get clientAddress(): string {
    return this.#trust === undefined ? this.peer.address : this.client.address;
  }

  /** The client's address, how it came and which host it asked for, as far as those before us are believed. */
  get client(): ClientView {
    const origin = this.#origin;
    origin.#client ??= origin.#findClient();
    return origin.#client;
  }

  #findClient(): ClientView {
    const { peer, request } = this;
    const seen: ClientView = {
      address: peer.address,
      scheme: peer.secure ? 'https' : 'http',
      host: request.authority,
    };
    const trust = this.#trust;
    if (trust === undefined) return seen;
    return findClient(hopsOf(request.headers, trust.fields), seen, (address) => trust.trusts(address));
  }

  /** Send the client an interim answer, such as 103 Early Hints (RFC 8297), before the one that the handler returns. */
  inform(interim: Response): void {
    this.#informer?.inform(this.#origin, interim);
  }

  /** What the route's path pattern captured. */
  get params(): RouteParams {
    return { rest: this.route?.rest(this.request.path) ?? '' };
  }

  /** Whether the client has gone before its answer was complete. */
  get aborted(): boolean {
    return this.#origin.#aborted;
  }

  /** Aborted when the client goes before its answer is complete. Made when first asked for; the hot path uses `onAbort`. */
  get signal(): AbortSignal {
    const origin = this.#origin;
    origin.#controller ??= new AbortController();
    if (origin.#aborted) origin.#controller.abort();
    return origin.#controller.signal;
  }

  /** Call `listener` when the client goes before its answer is complete. One slot: the origin's handler takes it. */
  onAbort(listener: (() => void) | undefined): void {
    this.#origin.#onAbort = listener;
  }

  /** The server's word that the client has gone. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#onAbort?.();
    this.#controller?.abort();
  }
}

function takenId({ headers }: RequestHead): string | undefined {
  const id = headers.getSole(REQUEST_ID);
  return typeof id === 'string' && TAKEN_ID.test(id) ? id : undefined;
}
