import { randomUUID } from 'node:crypto';
import { monotonicNow } from '../core/clock.ts';
import type { Peer } from '../core/peer.ts';
import type { BodySource } from '../http/body.ts';
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

/** One request and what is known of it while it is answered. */
export class Exchange {
  /** UUID, in the log as `id=` and sent as X-Request-Id. */
  readonly id: string = randomUUID();
  readonly request: RequestHead;
  readonly body: BodySource;
  readonly peer: Peer;
  /** When the head was complete, on the monotonic clock, in milliseconds. */
  readonly startedAt: number = monotonicNow();
  /** Set by the server when a route has taken the exchange. */
  route: MatchedRoute | undefined = undefined;
  #aborted = false;
  #onAbort: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  readonly #informer: Informer | undefined;

  constructor(request: RequestHead, body: BodySource, peer: Peer, informer?: Informer) {
    this.request = request;
    this.body = body;
    this.peer = peer;
    this.#informer = informer;
  }

  /** Send the client an interim answer, such as 103 Early Hints (RFC 8297), before the one that the handler returns. */
  inform(interim: Response): void {
    this.#informer?.inform(this, interim);
  }

  /** What the route's path pattern captured. */
  get params(): RouteParams {
    return { rest: this.route?.rest(this.request.path) ?? '' };
  }

  /** Whether the client has gone before its answer was complete. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborted when the client goes before its answer is complete. Made when first asked for; the hot path uses `onAbort`. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Call `listener` when the client goes before its answer is complete. One slot: the origin's handler takes it. */
  onAbort(listener: (() => void) | undefined): void {
    this.#onAbort = listener;
  }

  /** The server's word that the client has gone. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#onAbort?.();
    this.#controller?.abort();
  }
}
