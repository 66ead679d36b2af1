import { coarseNow } from '../core/deadline.ts';
import type { BreakerOptions } from './breaker-schema.ts';
import { Circuit } from './circuit.ts';
import type { CircuitOwner } from './circuit.ts';
import { FailureRatio } from './failure-ratio.ts';

/** The circuit breaker of one server: it looks at the answers, too. */
export class Breaker extends Circuit {
  readonly #slow: number;
  /** By status: 1 where an answer with it is a failure. */
  readonly #failing = new Uint8Array(1000);

  constructor(options: BreakerOptions, owner: CircuitOwner) {
    const { open, maxOpen, halfOpen } = options;
    super(new FailureRatio(options), { open, maxOpen, trials: halfOpen }, owner);
    this.#slow = options.slow;
    for (const { from, to } of options.statuses) this.#failing.fill(1, from, to + 1);
  }

  /** An answer has begun, to a request whose last byte was sent at `sentAt` on the coarse clock: its client's time is not the server's. */
  answered(status: number, sentAt: number, trial: boolean): void {
    if (this.#failing[status] === 1) {
      this.failed(`status ${status}`, trial);
    } else if (this.#slow > 0 && coarseNow() - sentAt > this.#slow) {
      this.failed('slow', trial);
    } else {
      this.succeeded(trial);
    }
  }
}
