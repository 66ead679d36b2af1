import { monotonicNow } from '../core/clock.ts';
import type { TripPolicy } from './circuit.ts';

/** Too many: so many failures in a row, within so many milliseconds from the first to the last. */
export class FailuresInRow implements TripPolicy {
  readonly evidence = undefined;
  readonly #most: number;
  readonly #window: number;
  #failures = 0;
  #first = 0;

  constructor({ failures, window }: { readonly failures: number; readonly window: number }) {
    this.#most = failures;
    this.#window = window;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): boolean {
    const now = monotonicNow();
    if (this.#failures === 0 || now - this.#first > this.#window) {
      this.#failures = 0;
      this.#first = now;
    }
    return ++this.#failures >= this.#most;
  }

  reset(): void {
    this.#failures = 0;
  }
}
