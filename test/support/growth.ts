import assert from 'node:assert/strict';
import { WorkCounter } from './counted-work.ts';

/** By how much one element may cost more at ten times their number: buffers that double are not full at every size. */
const TOLERANCE = 1.5;

/** How bytes arrive, and how many elements make the smallest message: several reads long, so that all sizes are alike. */
export interface Reads {
  readonly how: string;
  readonly base: number;
  of(message: string): Buffer[];
}

export const READS: readonly Reads[] = [
  { how: 'reads of 512 bytes', base: 64, of: (message) => inReads(message, 512) },
  { how: 'single bytes', base: 8, of: (message) => inReads(message, 1) },
];

function inReads(message: string, size: number): Buffer[] {
  const bytes = Buffer.from(message, 'latin1');
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

/** Asserts how counted work grows. */
export class Growth implements Disposable {
  readonly #counter = new WorkCounter();

  /**
   * One element costs the same, whatever their number: `base`, and 10, 100 and 1000 times as many. `prepare` is not
   * counted, what it answers is.
   */
  assertLinear(base: number, prepare: (count: number) => () => void): void {
    // What is made once is made now; by another message, so that it is not the one that is remembered.
    prepare(base + 1)();
    const costs: number[] = [];
    for (const size of [base, 10 * base, 100 * base, 1000 * base]) {
      const cost = this.#counter.count(prepare(size)) / size;
      const before = costs.at(-1) ?? Infinity;
      costs.push(cost);
      // At once, since what does not grow in proportion takes hours at the next size.
      assert.ok(
        cost <= TOLERANCE * before,
        `an element costs ${costs.map((each) => each.toFixed(1)).join(', ')}`,
      );
    }
  }

  [Symbol.dispose](): void {
    this.#counter[Symbol.dispose]();
  }
}
