import { Deadline, type Waiter } from '../core/deadline.ts';

/** A request that no server has room for at the moment. */
export interface Queued {
  /** There is room; it has left the queue. */
  roomMade(): void;
  /** It has waited for too long, and has left the queue. */
  waitedTooLong(): void;
}

/** How many requests may wait for a server, and for how long. */
export interface QueueOptions {
  /** For each thread. */
  readonly size: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Requests that wait for a server, in their order. */
export class UpstreamQueue {
  readonly #options: QueueOptions;
  readonly #waiting = new Set<Place>();
  readonly #resized: ((grown: boolean) => void) | undefined;

  /** `resized`: hears whenever one request more waits, or one less. */
  constructor(options: QueueOptions, resized?: (grown: boolean) => void) {
    this.#options = options;
    this.#resized = resized;
  }

  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Wait behind the others, for as long as is left where it has `waited` before, in milliseconds. Answers what takes the wait
   * back; undefined when there are as many as may be.
   */
  add(queued: Queued, waited: number): { cancel(): void } | undefined {
    const { size, timeout } = this.#options;
    if (this.#waiting.size >= size) return undefined;
    const left = timeout === 0 ? 0 : Math.max(1, timeout - waited);
    const place = new Place(queued, this.#waiting, left, this.#resized);
    this.#waiting.add(place);
    this.#resized?.(true);
    return place;
  }

  /** There is room for one: whoever has waited longest has it, of those that can use it. Answers whether somebody could. */
  roomMade(): boolean {
    let left = this.#waiting.size;
    for (const place of this.#waiting) {
      const before = this.#waiting.size;
      place.cancel();
      place.queued.roomMade();
      // One that is back has been at that server already.
      if (this.#waiting.size < before) return true;
      if (--left === 0) break;
    }
    return false;
  }
}

class Place implements Waiter<'queue'> {
  readonly queued: Queued;
  readonly #waiting: Set<Place>;
  readonly #deadline: Deadline<'queue'>;
  readonly #resized: ((grown: boolean) => void) | undefined;

  constructor(
    queued: Queued,
    waiting: Set<Place>,
    timeout: number,
    resized: ((grown: boolean) => void) | undefined,
  ) {
    this.queued = queued;
    this.#waiting = waiting;
    this.#resized = resized;
    this.#deadline = new Deadline(this);
    this.#deadline.arm('queue', timeout);
  }

  cancel(): void {
    this.#deadline.release();
    if (this.#waiting.delete(this)) this.#resized?.(false);
  }

  /** From the deadline. */
  expired(): void {
    this.cancel();
    this.queued.waitedTooLong();
  }
}
