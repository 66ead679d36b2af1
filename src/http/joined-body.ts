import { Buffer } from 'node:buffer';
import type { BodySink, BodySource } from './body.ts';

/** What a joined body is made of: bytes, or a body whose length is known. */
export type Piece = Buffer | BodySource;

/**
 * Several pieces as one body, each when its turn comes. It owns them: when it fails or is cancelled, so are those that have
 * not come yet. A few, for the stack may grow with each.
 *
 *     idle ──flow──▶ lending: bytes are with the sink ─┬─ the last piece ends ──▶ done
 *                    within: a body flows into it     ─┘            cancel, failure: from anywhere to done
 */
export class JoinedBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  readonly #pieces: readonly Piece[];
  /** The piece whose turn it is. */
  #at = 0;
  #state: 'idle' | 'lending' | 'within' | 'done' = 'idle';
  #sink: BodySink | undefined = undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.length = pieces.reduce((sum, { length }) => sum + (length ?? 0), 0);
  }

  flow(sink: BodySink): void {
    if (this.#state !== 'idle') return;
    this.#sink = sink;
    this.#proceed();
  }

  resume(): void {
    const piece = this.#pieces[this.#at];
    if (this.#state === 'lending') this.#next();
    else if (this.#state === 'within' && !Buffer.isBuffer(piece)) piece.resume();
  }

  cancel(): void {
    if (this.#state !== 'done') this.#finish(this.#at);
  }

  #proceed(): void {
    if (this.#at === this.#pieces.length) {
      this.#finish(this.#at)?.end();
      return;
    }
    const piece = this.#pieces[this.#at];
    if (Buffer.isBuffer(piece)) {
      const at = this.#at;
      // Before the sink is asked, for it may cancel or resume inside of the call.
      this.#state = 'lending';
      const taken = this.#sink?.data(piece);
      if (taken === true && this.#state === 'lending' && this.#at === at) this.#next();
    } else {
      this.#state = 'within';
      piece.flow(this.#inner);
    }
  }

  #next(): void {
    this.#at++;
    this.#proceed();
  }

  /** What the body hears whose turn it is. */
  readonly #inner: BodySink = {
    data: (chunk) => this.#sink?.data(chunk) ?? false,
    end: () => this.#next(),
    fail: (error) => this.#finish(this.#at + 1)?.fail(error),
  };

  /** No more of it, and nothing of the pieces from `at` on; gives the sink its last call. */
  #finish(at: number): BodySink | undefined {
    const sink = this.#sink;
    this.#state = 'done';
    this.#sink = undefined;
    for (const piece of this.#pieces.slice(at)) if (!Buffer.isBuffer(piece)) piece.cancel();
    return sink;
  }
}
