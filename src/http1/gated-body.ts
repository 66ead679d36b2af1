import { Deadline, type Waiter } from '../core/deadline.ts';
import type { BodySink, BodySource } from '../http/body.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';

/** How long a server may take to say that it wants a body, in milliseconds: not all know the expectation (RFC 9110 §10.1.1). */
const PATIENCE = 1000;

/**
 * A request body that is not asked for before the server wants it (RFC 9110 §10.1.1): who sends it may be waiting for
 * `100 Continue` too, and need not send it at all where the server says no.
 */
export class GatedBody implements BodySource, Waiter<'continue'> {
  readonly #body: BodySource;
  readonly #deadline = new Deadline<'continue'>(this);
  #sink: BodySink | undefined = undefined;
  #open = false;
  #cancelled = false;

  constructor(body: BodySource) {
    this.#body = body;
    this.#deadline.arm('continue', PATIENCE);
  }

  get length(): number | undefined {
    return this.#body.length;
  }

  get trailers(): ReadonlyHeaderList | undefined {
    return this.#body.trailers;
  }

  /** The server wants it, or has been silent for so long that it has to be assumed. Safe to call twice. */
  open(): void {
    this.#deadline.release();
    if (this.#open || this.#cancelled) return;
    this.#open = true;
    if (this.#sink !== undefined) this.#body.flow(this.#sink);
  }

  /** There is an answer already: nobody wants the body any more, unless it flows. */
  close(): void {
    if (!this.#open) this.cancel();
  }

  /** From the deadline. */
  expired(): void {
    this.open();
  }

  flow(sink: BodySink): void {
    this.#sink = sink;
    if (this.#open) this.#body.flow(sink);
  }

  resume(): void {
    this.#body.resume();
  }

  cancel(): void {
    this.#deadline.release();
    this.#cancelled = true;
    this.#sink = undefined;
    this.#body.cancel();
  }
}
