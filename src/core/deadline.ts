import { monotonicNow } from './clock.ts';

/** How often the deadlines are looked at, in milliseconds; a deadline may be noticed that much late. */
const TICK_MS = 100;

/** Who waits. An object and not a function: a connection need not make one for its deadline. */
export interface Waiter<Phase extends string> {
  /** The time for `phase` is up. */
  expired(phase: Phase): void;
}

/**
 * One slot of time for one direction of a connection. Arming it is two stores, no timer: all the slots of a thread
 * are looked at together on a coarse tick. The phase says what is waited for, and is handed to the owner when
 * the time is up.
 */
export class Deadline<Phase extends string> {
  phase: Phase | undefined = undefined;
  expiresAt = Infinity;
  /** Place in the sweeper's list; -1 when not in it. */
  index = -1;
  readonly #waiter: Waiter<Phase>;

  constructor(waiter: Waiter<Phase>) {
    this.#waiter = waiter;
    sweeper.add(this);
  }

  /** Start waiting for `phase`, at the most `ms` milliseconds. Replaces what was waited for. `0` waits for ever. */
  arm(phase: Phase, ms: number): void {
    this.phase = phase;
    this.expiresAt = ms === 0 ? Infinity : sweeper.now + ms;
  }

  /** Nothing is waited for. */
  clear(): void {
    this.phase = undefined;
    this.expiresAt = Infinity;
  }

  /** The owner has gone: leave the sweeper's list. */
  release(): void {
    this.clear();
    sweeper.remove(this);
  }

  /** Called by the sweeper only. */
  expire(): void {
    const phase = this.phase;
    this.clear();
    if (phase !== undefined) this.#waiter.expired(phase);
  }
}

/** The part of a deadline that the sweeper knows. */
interface Swept {
  expiresAt: number;
  index: number;
  expire(): void;
}

class Sweeper {
  now = monotonicNow();
  readonly #slots: Swept[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  add(slot: Swept): void {
    slot.index = this.#slots.length;
    this.#slots.push(slot);
    if (this.#timer === undefined) {
      this.now = monotonicNow();
      this.#timer = setInterval(() => this.#sweep(), TICK_MS);
      this.#timer.unref();
    }
  }

  remove(slot: Swept): void {
    const { index } = slot;
    if (index < 0) return;
    const last = this.#slots.pop() as Swept;
    if (last !== slot) {
      this.#slots[index] = last;
      last.index = index;
    }
    slot.index = -1;
    if (this.#slots.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #sweep(): void {
    const now = monotonicNow();
    const heldUp = now - this.now - TICK_MS;
    this.now = now;
    // Time in which this thread did not run is nobody's delay: what has come meanwhile is looked at only after this.
    if (heldUp > TICK_MS) for (const slot of this.#slots) slot.expiresAt += heldUp;
    // From the end, since an expired slot may leave the list and its place is then taken by the last one.
    for (let i = this.#slots.length - 1; i >= 0; i--) {
      const slot = this.#slots[i];
      if (slot !== undefined && slot.expiresAt <= this.now) slot.expire();
    }
  }
}

const sweeper = new Sweeper();

/** The instant of the last tick, in milliseconds on the monotonic clock: for what need not be known to the millisecond. */
export function coarseNow(): number {
  return sweeper.now;
}
