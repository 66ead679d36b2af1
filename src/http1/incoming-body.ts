import { DreamError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodySink, BodySource, HeadPieces } from '../http/body.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';

/** The connection that a body is read from. */
interface BodyConnection {
  /** The sink is there, or has room again, or the body is not wanted: go on reading. */
  continueBody(): void;
  /** See `BodySource.flowBehind`: what is lent so is all of the body. */
  behind?(head: HeadPieces): Buffer | undefined;
}

/** Who gets the body's bytes at the moment; `over`: nobody, its connection has turned to something else. */
type Demand = 'unclaimed' | 'flowing' | 'stalled' | 'discarding' | 'over';

/**
 * The body of a message that a connection receives: reading begins when somebody wants it, and pauses while the sink
 * is full. Nothing reads ahead for a body that no one has asked for.
 */
export class IncomingBody implements BodySource {
  readonly length: number | undefined;
  lentLength: number | undefined = undefined;
  trailers: ReadonlyHeaderList | undefined = undefined;
  demand: Demand = 'unclaimed';
  #sink: BodySink | undefined = undefined;
  /** The end or the failure, when it came before anyone had asked for the body. */
  #ended = false;
  /** The sink has asked for more since the last piece. */
  #resumed = false;
  #failure: DreamError | undefined = undefined;
  readonly #connection: BodyConnection;

  constructor(length: number | undefined, connection: BodyConnection) {
    this.length = length;
    this.#connection = connection;
  }

  /** Whether somebody reads it. */
  get claimed(): boolean {
    return this.demand === 'flowing' || this.demand === 'stalled';
  }

  flow(sink: BodySink): void {
    if (this.#failure !== undefined) {
      sink.fail(this.#failure);
      return;
    }
    if (this.#ended) {
      sink.end();
      return;
    }
    this.#sink = sink;
    this.demand = 'flowing';
    this.#connection.continueBody();
  }

  flowBehind(head: HeadPieces, sink: BodySink): Buffer | undefined {
    if (this.demand !== 'unclaimed') return undefined;
    const message = this.#connection.behind?.(head);
    if (message === undefined) return undefined;
    this.#sink = sink;
    this.demand = 'stalled';
    return message;
  }

  resume(): void {
    this.#resumed = true;
    if (this.demand !== 'stalled') return;
    this.demand = 'flowing';
    this.#connection.continueBody();
  }

  cancel(): void {
    if (this.demand === 'discarding' || this.demand === 'over') return;
    this.#sink = undefined;
    this.demand = 'discarding';
    this.#connection.continueBody();
  }

  /** From the connection: bytes of the body. False: the sink is full. */
  push(chunk: Buffer): boolean {
    const sink = this.#sink;
    if (sink === undefined) return true;
    this.#resumed = false;
    if (sink.data(chunk)) return true;
    // It may have found room again before it returned.
    if (this.demand === 'flowing' && !this.#resumed) this.demand = 'stalled';
    return this.demand !== 'stalled';
  }

  /** From the connection: the body is complete. */
  finish(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.demand = 'over';
    this.#ended = true;
    sink?.end();
  }

  /** From the connection: the rest will not come. */
  fail(code: ErrorCode): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.demand = 'over';
    this.#failure = new DreamError(code);
    sink?.fail(this.#failure);
  }
}
