import type { UpstreamOptions } from './schema.ts';

/**
 * Which servers are healthy, as one worker has found out and all of them read: a number for each server of each upstream,
 * in the order of the configuration, which is 0 while it is healthy.
 */
export class HealthBoard {
  /** Post this to a worker, which makes its own view of it, for the same upstreams. */
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #offsets = new Map<string, number>();

  constructor(upstreams: readonly UpstreamOptions[], buffer?: SharedArrayBuffer) {
    let cells = 0;
    for (const { name, servers } of upstreams) {
      this.#offsets.set(name, cells);
      cells += servers.length;
    }
    this.buffer = buffer ?? new SharedArrayBuffer(cells * Int32Array.BYTES_PER_ELEMENT);
    this.#cells = new Int32Array(this.buffer);
  }

  /** Whether the server at this place of the upstream is healthy; each is, until it has been found not to be. */
  isHealthy(upstream: string, place: number): boolean {
    return Atomics.load(this.#cells, this.#cell(upstream, place)) === 0;
  }

  set(upstream: string, place: number, healthy: boolean): void {
    Atomics.store(this.#cells, this.#cell(upstream, place), healthy ? 0 : 1);
  }

  #cell(upstream: string, place: number): number {
    return (this.#offsets.get(upstream) as number) + place;
  }
}
