/**
 * Where reading at once takes longer than this, in milliseconds, there are disks to wait for, and for a while other threads do
 * so. Once is not enough, and something must have been read from a device since: on a busy machine a thread may have had to stop.
 */
const SLOW_MS = 5;
const SLOW_FOR_MS = 250;
const SLOW_TIMES = 3;
const QUICK_TIMES = 16;

/** Learns from how long reading at once took whether the thread would wait for a disk. */
export class SlowReads {
  /** How often it was slow lately; each that was quick takes a little of it. */
  #times = 0;
  /** What the process had read from devices when it was last slow. */
  #fsRead = process.resourceUsage().fsRead;
  /** Until when files are not read at once. */
  #until = -Infinity;

  /** Whether others should read, at `now` (`monotonicNow`). */
  areExpected(now: number): boolean {
    return now < this.#until;
  }

  /** A file that was begun at `startedAt` took so many milliseconds. */
  took(ms: number, startedAt: number): void {
    if (ms <= SLOW_MS) {
      this.#times = Math.max(0, this.#times - 1 / QUICK_TIMES);
      return;
    }
    const { fsRead } = process.resourceUsage();
    const waited = fsRead > this.#fsRead;
    this.#fsRead = fsRead;
    if (waited && ++this.#times >= SLOW_TIMES) {
      this.#times = SLOW_TIMES - 1;
      this.#until = startedAt + SLOW_FOR_MS;
    }
  }
}
