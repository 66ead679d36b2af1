import { coarseNow } from '../core/deadline.ts';
import type { TripPolicy } from './circuit.ts';

/** Parts of the window: it moves on by one of them at a time. */
const PARTS = 10;

/** From what share of which requests on there are too many failures. */
export interface FailureRatioOptions {
  /** From 0 to 1. */
  readonly failures: number;
  /** Fewer requests than these say nothing. */
  readonly requests: number;
  /** Milliseconds. */
  readonly window: number;
}

/** Too many: a share of the requests of a window that slides along with time. */
export class FailureRatio implements TripPolicy {
  readonly #options: FailureRatioOptions;
  readonly #now: () => number;
  readonly #part: number;
  /** Requests of each part, and behind them the failures of each. */
  readonly #counts = new Uint32Array(2 * PARTS);
  /** Of the present part, counted from the beginning of time. */
  #number = 0;
  #requests = 0;
  #failures = 0;

  constructor(options: FailureRatioOptions, now: () => number = coarseNow) {
    this.#options = options;
    this.#now = now;
    this.#part = options.window / PARTS;
  }

  succeeded(): void {
    this.#counts[this.#place()]++;
    this.#requests++;
  }

  failed(): boolean {
    const place = this.#place();
    this.#counts[place]++;
    this.#counts[PARTS + place]++;
    this.#requests++;
    this.#failures++;
    const { requests, failures } = this.#options;
    // Divided, not multiplied: 0.56 * 25 is more than 14 in binary.
    return this.#requests >= requests && this.#failures / this.#requests >= failures;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#requests = 0;
    this.#failures = 0;
  }

  get evidence(): string {
    return `${this.#failures} of ${this.#requests} requests failed`;
  }

  /** Of the present part; those that have left the window since the last look are emptied. */
  #place(): number {
    const number = Math.floor(this.#now() / this.#part);
    if (number - this.#number >= PARTS) {
      this.reset();
      this.#number = number;
    }
    while (this.#number < number) this.#leave(++this.#number % PARTS);
    return this.#number % PARTS;
  }

  #leave(place: number): void {
    this.#requests -= this.#counts[place];
    this.#failures -= this.#counts[PARTS + place];
    this.#counts[place] = 0;
    this.#counts[PARTS + place] = 0;
  }
}
