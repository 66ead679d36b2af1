import { SharedLock } from '../core/shared-lock.ts';

/** Bytes a core's cache fetches at once: counters of different threads stand that far apart, or each write would slow the others. */
const CACHE_LINE = 64;

/**
 * Counters that hold across the worker threads, in memory they share.
 *
 *     byte   0        64          128         …
 *          [ connections, lock ][ worker 0 ][ worker 1 ] …
 *             Int32  Int32         Float64     one cache line each
 *
 * A limit needs one counter for all, changed by Atomics. A total does not: each worker counts in a line of its own
 * and the reader adds them up.
 */
export class SharedState {
  /** Post this to a worker, which makes its own view with `new SharedState(workers, worker, buffer)`. */
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
  /** Held while a file is changed (`features/static/write`), which is seldom enough for one. */
  readonly writeLock: SharedLock;
  readonly #connections: Int32Array<SharedArrayBuffer>;
  readonly #totals: Float64Array;
  readonly #own: number;

  /** `worker` is this thread's number, from 0; the supervisor, which counts nothing, may leave it out. */
  constructor(
    workers = 1,
    worker = 0,
    buffer: SharedArrayBuffer = new SharedArrayBuffer(CACHE_LINE * (1 + workers)),
  ) {
    this.workers = workers;
    this.buffer = buffer;
    this.#connections = new Int32Array(buffer, 0, 2);
    this.writeLock = new SharedLock(this.#connections, 1);
    this.#totals = new Float64Array(buffer);
    this.#own = totalIndex(worker);
  }

  /** Count a new client connection, unless `limit` of them are open already: then false, and nothing is counted. */
  tryAcceptConnection(limit: number): boolean {
    if (Atomics.add(this.#connections, 0, 1) < limit) return true;
    Atomics.sub(this.#connections, 0, 1);
    return false;
  }

  /** A connection that was accepted has closed. */
  releaseConnection(): void {
    Atomics.sub(this.#connections, 0, 1);
  }

  /** Count a request of this worker. Only this thread writes there, so no Atomics. */
  countRequest(): void {
    this.#totals[this.#own]++;
  }

  /** Client connections open now, over all workers. */
  get activeConnections(): number {
    return Atomics.load(this.#connections, 0);
  }

  /** Requests since the start, over all workers. */
  get totalRequests(): number {
    let sum = 0;
    for (let worker = 0; worker < this.workers; worker++) sum += this.#totals[totalIndex(worker)];
    return sum;
  }
}

function totalIndex(worker: number): number {
  return ((worker + 1) * CACHE_LINE) / Float64Array.BYTES_PER_ELEMENT;
}
