import { createHash } from 'node:crypto';

/** How many servers can be known to be unhealthy at once; any more count as healthy. */
const MOST = 4095;

/** The number that stands for a server of an upstream on the board: of the two names, the same in every thread. */
export function healthKey(upstream: string, server: string): bigint {
  return createHash('sha256').update(`${upstream} ${server}`).digest().readBigInt64BE();
}

/**
 * Which servers are unhealthy, as one thread has found out and all of them read:
 *
 *     [ how many ][ key ][ key ] …      64 bits each
 *
 * Servers come and go with their addresses, so they have no fixed places. An entry is never gone in between: the last one
 * takes the place of one that leaves before there is one less.
 */
export class HealthBoard {
  /** Post this to a worker, which makes its own view of it. */
  readonly buffer: SharedArrayBuffer;
  readonly #cells: BigInt64Array<SharedArrayBuffer>;

  constructor(buffer = new SharedArrayBuffer((1 + MOST) * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new BigInt64Array(buffer);
  }

  /** Whether a server is healthy; each is, until it has been found not to be. */
  isHealthy(key: bigint): boolean {
    return this.#placeOf(key) === 0;
  }

  /** Only one thread may write. */
  set(key: bigint, healthy: boolean): void {
    const cells = this.#cells;
    const count = Number(Atomics.load(cells, 0));
    const place = this.#placeOf(key);
    if (healthy && place > 0) {
      Atomics.store(cells, place, Atomics.load(cells, count));
      Atomics.store(cells, 0, BigInt(count - 1));
    } else if (!healthy && place === 0 && count < MOST) {
      Atomics.store(cells, count + 1, key);
      Atomics.store(cells, 0, BigInt(count + 1));
    }
  }

  /** 0 where it is not there. */
  #placeOf(key: bigint): number {
    for (let place = Number(Atomics.load(this.#cells, 0)); place > 0; place--) {
      if (Atomics.load(this.#cells, place) === key) return place;
    }
    return 0;
  }
}
