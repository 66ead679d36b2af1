import type { UpstreamOptions } from './schema.ts';
import type { SlotBoard } from './slot-board.ts';

/** Whether the upstream has servers where no more than so many requests may be in flight at once. */
export function limitsRequests({ servers, maxRequests }: UpstreamOptions): boolean {
  return maxRequests !== undefined || servers.some((server) => server.maxRequests !== undefined);
}

/**
 * This thread's part in the slots of one server. Slots are taken one by one, and given back by saying how many are in use:
 * that is known from what the pool holds, so that no way in which a request may end can forget its slot, or give it
 * back twice.
 */
export class ServerSlots {
  readonly #board: SlotBoard;
  readonly #upstream: number;
  readonly #key: bigint;
  readonly #limit: number;
  /** Those of the board, or one of its own where that has no line left. */
  #cells!: Int32Array;
  #cell!: number;
  #held = 0;
  #closing = false;
  /** Its line on the board may be another server's by now. */
  #left = false;

  /** `upstream`: its number on the board. `key`: what stands for the server, in every thread. */
  constructor(board: SlotBoard, upstream: number, key: bigint, limit: number) {
    this.#board = board;
    this.#upstream = upstream;
    this.#key = key;
    this.#limit = limit;
    this.#enter();
  }

  /** Whether the server may have a request more. */
  get free(): boolean {
    if (this.#left) this.#enter();
    return Atomics.load(this.#cells, this.#cell) < this.#limit;
  }

  /** Take one; false when there is none. */
  tryTake(): boolean {
    if (this.#left) this.#enter();
    let taken = Atomics.load(this.#cells, this.#cell);
    while (taken < this.#limit) {
      const found = Atomics.compareExchange(this.#cells, this.#cell, taken, taken + 1);
      if (found === taken) {
        this.#held++;
        return true;
      }
      taken = found;
    }
    return false;
  }

  /**
   * So many are in use: those above are given back. Answers false when there was no room before, and another thread is to
   * have it now.
   */
  settle(used: number): boolean {
    const spare = this.#held - used;
    if (spare <= 0) return true;
    const before = Atomics.sub(this.#cells, this.#cell, spare);
    this.#held = used;
    if (this.#closing && used === 0) this.#leave();
    return !this.#board.passOn(this.#upstream) || before < this.#limit;
  }

  /** The server is not used any more, when what is in use has ended. */
  close(): void {
    this.#closing = true;
    if (this.#held === 0) this.#leave();
  }

  #enter(): void {
    const cell = this.#board.enter(this.#key);
    this.#cells = cell === undefined ? new Int32Array(1) : this.#board.cells;
    this.#cell = cell ?? 0;
    this.#closing = false;
    this.#left = false;
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.#cells === this.#board.cells) this.#board.leave(this.#cell);
  }
}
