/** What took longer than this, in milliseconds, has waited for something, be it only for the processor. */
export const STALL_MS = 5;
/** Once is not enough: on a busy machine a thread has to stop now and then, wherever it is. */
const STALLS = 3;
/** So many that did not wait make up for one that did. */
const QUICK_TIMES = 16;
/** So long a wait is none for the processor. */
export const LONG_MS = 20;
/** One as long as this says it alone. */
const DECISIVE_MS = 100;
/** For so many times as long as it took nothing is tried: that is the share of its time for which a thread may wait. */
const REST = 100;
const SHORTEST_REST_MS = 250;
const LONGEST_REST_MS = 300_000;

/** Learns from how long calls of the system took whether the next would keep its thread waiting, so that other threads had better make it. */
export class Stalls {
  /** How many there were lately. */
  #times = 0;
  #until = -Infinity;

  /** Whether others should make the calls, at `now` (`monotonicNow`). */
  areExpected(now: number): boolean {
    return now < this.#until;
  }

  /** A call took so many milliseconds, until `endedAt`. */
  took(ms: number, endedAt: number): void {
    if (ms <= STALL_MS) {
      this.#times = Math.max(0, this.#times - 1 / QUICK_TIMES);
      return;
    }
    this.#times += ms >= DECISIVE_MS ? STALLS : 1;
    if (this.#times < STALLS) return;
    this.#times = STALLS - 1;
    const rest = ms < LONG_MS ? SHORTEST_REST_MS : Math.min(LONGEST_REST_MS, REST * ms);
    this.#until = endedAt + rest;
  }
}
