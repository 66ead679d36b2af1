const FREE = 0;
const HELD = 1;
/** Held, and somebody may be waiting for it. */
const AWAITED = 2;

/**
 * A lock in memory that threads share, for work of some microseconds: who does not get it sleeps until it is let go of.
 * It is a word of three values (Drepper, "Futexes Are Tricky", mutex 2). Whoever holds it gives it back before returning
 * to the event loop; it does not survive a thread that ends in between.
 */
export class SharedLock {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #index: number;

  /** `cells[index]` is the lock's, and 0 at first. */
  constructor(cells: Int32Array<SharedArrayBuffer>, index: number) {
    this.#cells = cells;
    this.#index = index;
  }

  acquire(): void {
    const cells = this.#cells;
    const index = this.#index;
    if (Atomics.compareExchange(cells, index, FREE, HELD) === FREE) return;
    while (Atomics.exchange(cells, index, AWAITED) !== FREE) Atomics.wait(cells, index, AWAITED);
  }

  release(): void {
    const cells = this.#cells;
    const index = this.#index;
    if (Atomics.exchange(cells, index, FREE) === AWAITED) Atomics.notify(cells, index, 1);
  }
}
