import { randomUUID } from 'node:crypto';
import { monotonicNow } from '../core/clock.ts';
import type { Peer } from '../core/peer.ts';
import type { BodySource } from '../http/body.ts';
import type { RequestHead } from '../http/head.ts';

/** What a route's path pattern captured: the part that `*` stands for. */
export interface RouteParams {
  readonly rest: string;
}

const NO_PARAMS: RouteParams = { rest: '' };

/** One request and what is known of it while it is answered. */
export class Exchange {
  /** UUID, in the log as `id=` and sent as X-Request-Id. */
  readonly id: string = randomUUID();
  readonly request: RequestHead;
  readonly body: BodySource;
  readonly peer: Peer;
  /** When the head was complete, on the monotonic clock, in milliseconds. */
  readonly startedAt: number = monotonicNow();
  params: RouteParams = NO_PARAMS;
  #aborted = false;
  #onAbort: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(request: RequestHead, body: BodySource, peer: Peer) {
    this.request = request;
    this.body = body;
    this.peer = peer;
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
