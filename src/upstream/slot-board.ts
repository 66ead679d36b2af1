import { SharedLock } from '../core/shared-lock.ts';

/** Int32 cells of a cache line: what different threads write stands that far apart, or each would slow the others. */
const LINE = 16;

/** How many servers can be counted over all threads; any more are counted in each thread by itself. */
const MOST_SERVERS = 1024;

const LOCK = 0;

/** Offsets of cells in a server's line; the key takes the first two. */
const USES = 2;
const TAKEN = 3;

/** How often a thread that has waiting requests looks whether there is room, should nobody have told it. In milliseconds. */
const LOOK_MS = 100;

/** Who has waiting requests. */
export interface SlotWatcher {
  /** There may be room at a server. */
  lookAgain(): void;
}

/**
 * How many requests are in flight at each server whose number is limited, over all threads, in memory that they share:
 *
 *     [ lock ][ key, uses, taken ] …        [ wake, waiting, waiting … ] …
 *              a line for each server        for each thread, a `waiting` for each upstream
 *
 * Servers come and go with their addresses: one has a line as long as any thread uses it. `taken` is changed by
 * compare-and-exchange alone and so is never more than the limit, not even for a moment.
 *
 * A thread whose requests wait says how many. Who frees a slot of a server that was full draws lots among those that wait,
 * itself included, each as likely as it has waiting requests: so none of them starves, and nothing has to be ordered over
 * the threads.
 */
export class SlotBoard {
  /** Post this to a worker, which makes its own view of it. */
  readonly buffer: SharedArrayBuffer;
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly #keys: BigInt64Array<SharedArrayBuffer>;
  readonly #lock: SharedLock;
  readonly #workers: number;
  readonly #worker: number;
  /** Cells of one thread. */
  readonly #perWorker: number;
  readonly #random: () => number;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  /** `worker` is this thread's number, from 0. `random`: from 0 to 1, without 1. */
  constructor(
    upstreams: number,
    workers = 1,
    worker = 0,
    buffer?: SharedArrayBuffer,
    random: () => number = Math.random,
  ) {
    this.#perWorker = LINE * Math.ceil((1 + upstreams) / LINE);
    const cells = LINE * (1 + MOST_SERVERS) + workers * this.#perWorker;
    this.buffer = buffer ?? new SharedArrayBuffer(cells * Int32Array.BYTES_PER_ELEMENT);
    this.cells = new Int32Array(this.buffer);
    this.#keys = new BigInt64Array(this.buffer);
    this.#lock = new SharedLock(this.cells, LOCK);
    this.#workers = workers;
    this.#worker = worker;
    this.#random = random;
  }

  /** A server is used by this thread. Answers its cell; undefined where there are too many servers. */
  enter(key: bigint): number | undefined {
    return this.#locked(() => {
      const line = this.#lineOf(key);
      if (line === undefined) return undefined;
      this.#keys[line / 2] = key;
      this.cells[line + USES]++;
      return line + TAKEN;
    });
  }

  /** It is used by this thread no more, which has no slots of it. */
  leave(cell: number): void {
    this.#locked(() => this.cells[cell - TAKEN + USES]--);
  }

  /** So many requests of this thread wait for a server of an upstream, which is told by its number. */
  setWaiting(upstream: number, count: number): void {
    Atomics.store(this.cells, this.#cellOf(this.#worker, upstream), count);
  }

  /** A slot is free again. Answers whether another thread is to have it, which has been told then. */
  passOn(upstream: number): boolean {
    let all = 0;
    for (let worker = 0; worker < this.#workers; worker++) all += this.#waiting(worker, upstream);
    if (all === this.#waiting(this.#worker, upstream)) return false;
    let lot = Math.floor(this.#random() * all);
    let heir = 0;
    while (heir < this.#workers - 1 && (lot -= this.#waiting(heir, upstream)) >= 0) heir++;
    if (heir === this.#worker) return false;
    const wake = this.#cellOf(heir, -1);
    Atomics.add(this.cells, wake, 1);
    Atomics.notify(this.cells, wake);
    return true;
  }

  /** Tell those who wait in this thread when there may be room that another one has made. */
  watch(watchers: readonly SlotWatcher[]): void {
    const look = (): void => {
      for (const watcher of watchers) watcher.lookAgain();
    };
    this.#timer = setInterval(look, LOOK_MS);
    this.#timer.unref();
    if (this.#workers > 1) this.#listen(look);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #listen(look: () => void): void {
    const wake = this.#cellOf(this.#worker, -1);
    const seen = Atomics.load(this.cells, wake);
    const woken = (): void => {
      if (this.#closed) return;
      this.#listen(look);
      look();
    };
    const wait = Atomics.waitAsync(this.cells, wake, seen);
    if (wait.async) void wait.value.then(woken);
    else queueMicrotask(woken);
  }

  #waiting(worker: number, upstream: number): number {
    return Atomics.load(this.cells, this.#cellOf(worker, upstream));
  }

  /** Of a thread: `upstream` -1 is the cell by which it is woken. */
  #cellOf(worker: number, upstream: number): number {
    return LINE * (1 + MOST_SERVERS) + worker * this.#perWorker + 1 + upstream;
  }

  /** The server's line, or one that is free. */
  #lineOf(key: bigint): number | undefined {
    let free: number | undefined;
    for (let line = LINE; line <= LINE * MOST_SERVERS; line += LINE) {
      const used = this.cells[line + USES] > 0;
      if (used && this.#keys[line / 2] === key) return line;
      if (!used) free ??= line;
    }
    return free;
  }

  /** Only for when servers come and go: what is done there takes some microseconds. */
  #locked<T>(work: () => T): T {
    this.#lock.acquire();
    try {
      return work();
    } finally {
      this.#lock.release();
    }
  }
}
