import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { SingleFlight } from '../../core/single-flight.ts';
import { type DirectoryContent, type DirectoryReader, readTogether } from './directory-entries.ts';
import { FRESH_MS } from './file-store.ts';
import { BY_NAME, sortEntries } from './listing-order.ts';

/** Directories of which it is remembered. */
const MOST_KEPT = 8;

/** What was read of a directory, its entries in the order of their names. */
export interface RecentDirectory {
  readonly content: DirectoryContent | 'absent' | ErrorCode;
  /** Until when that may be told (`monotonicNow`). */
  readonly freshUntil: number;
}

/**
 * The directories that were read lately. A large one costs a tenth of a second, and there are a dozen pages of each: forms
 * and orders. They are made of one reading.
 */
export class RecentDirectories {
  readonly #readers: readonly DirectoryReader[];
  readonly #known = new Map<string, RecentDirectory>();
  readonly #readings = new SingleFlight<RecentDirectory>();

  /** `readers`: for each root. */
  constructor(readers: readonly DirectoryReader[]) {
    this.#readers = readers;
  }

  /** Nobody may change what it gives. */
  read(name: string): Promise<RecentDirectory> | RecentDirectory {
    const known = this.#known.get(name);
    if (known !== undefined && monotonicNow() < known.freshUntil) return known;
    return this.#readings.join(name, () => this.#read(name));
  }

  async #read(name: string): Promise<RecentDirectory> {
    const freshUntil = monotonicNow() + FRESH_MS;
    const content = await readTogether(this.#readers, name);
    // Comparing names is what costs most: what lies in their order is soon brought into any other.
    if (typeof content !== 'string') sortEntries(content.entries, BY_NAME);
    const read = { content, freshUntil };
    this.#known.delete(name);
    if (typeof content !== 'string') this.#known.set(name, read);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) break;
      this.#known.delete(oldest);
    }
    return read;
  }
}
