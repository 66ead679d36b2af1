import { coarseNow } from '../core/deadline.ts';

/**
 * How long a client that sends a body may be waited for. It may be silent for a while, but not live on that: past its
 * grace it has to keep up a rate, on average since it was last waited for. Otherwise a byte now and then would hold
 * a connection for ever.
 */
export class Pace {
  readonly #rate: number;
  readonly #grace: number;
  #since = 0;
  #from = 0;

  /** `rate` in bytes per second, 0 for none; `grace` in milliseconds. */
  constructor(rate: number, grace: number) {
    this.#rate = rate;
    this.#grace = grace;
  }

  /** The client is waited for from now on; `received` bytes have come before. */
  begin(received: number): void {
    this.#since = coarseNow();
    this.#from = received;
  }

  /** For how many milliseconds more, with `received` bytes here; `idle` is the longest silence, 0 for any. */
  patience(received: number, idle: number): number {
    if (this.#rate === 0) return idle;
    const earned = this.#grace + ((received - this.#from) * 1000) / this.#rate;
    const left = Math.max(1, earned - (coarseNow() - this.#since));
    return idle === 0 ? left : Math.min(idle, left);
  }
}
