import { coarseNow } from '../core/deadline.ts';

/**
 * How long a client that sends a body may be waited for. It may be silent for a while, but not live on that: each byte
 * earns it as much time as the least rate gives a byte, and never more than its grace in all. Otherwise a byte now
 * and then would hold a connection for ever, or a burst at the start for hours.
 */
export class Pace {
  /** Milliseconds that a byte earns. */
  readonly #perByte: number;
  readonly #grace: number;
  #received = 0;
  /** What is left of its time while it is waited for, as an instant; else as milliseconds. */
  #until: number;
  #waiting = false;

  /** `rate` in bytes per second; `grace` in milliseconds, 0 for the usual 30 seconds. */
  constructor(rate: number, grace: number) {
    this.#perByte = 1000 / rate;
    this.#grace = grace === 0 ? 30_000 : grace;
    this.#until = this.#grace;
  }

  /** It is the client who is waited for, from now on. */
  resume(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#until += coarseNow();
  }

  /** Its time stands still: somebody else is waited for. */
  pause(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#until -= coarseNow();
  }

  /** For how many milliseconds more, with `received` bytes here; `idle` is the longest silence, 0 for any. */
  patience(received: number, idle: number): number {
    const now = coarseNow();
    const earned = (received - this.#received) * this.#perByte;
    this.#received = received;
    this.#until = Math.min(now + this.#grace, this.#until + earned);
    // Whole milliseconds, as those of the configuration: whoever takes them sees one kind of number.
    const left = Math.max(1, Math.ceil(this.#until - now));
    return idle === 0 ? left : Math.min(idle, left);
  }
}
