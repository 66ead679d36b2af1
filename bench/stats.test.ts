import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isDecided, pairedRatio, percentile, spread } from './stats.ts';

describe('the figures of a bench', () => {
  it('has the middle value as its median, or the mean of the two in the middle', () => {
    assert.deepEqual(spread([10, 2, 3]), { median: 3, low: 2, high: 10, samples: 3 });
    assert.equal(spread([4, 1, 2, 10]).median, 3);
  });

  it('leaves out on either side what the sign test allows at 95 %', () => {
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
    // From tables of the confidence interval of a median: ranks 1 to 6 of 6, 2 to 9 of 10, 3 to 10 of 12, 6 to 15 of 20.
    for (const [count, low, high] of [
      [6, 1, 6],
      [10, 2, 9],
      [12, 3, 10],
      [20, 6, 15],
    ] as const) {
      assert.deepEqual(spread(upTo(count)), { median: (count + 1) / 2, low, high, samples: count });
    }
  });

  it('takes ratios slice by slice and leaves out slices that only one of the two finished', () => {
    const ours = new Map([
      [1, 10],
      [2, 30],
      [3, 99],
    ]);
    const theirs = new Map([
      [1, 20],
      [2, 20],
    ]);
    assert.deepEqual(pairedRatio(ours, theirs), { median: 1, low: 0.5, high: 1.5, samples: 2 });
    assert.equal(pairedRatio(ours, new Map()), null);
  });

  it('decides nothing when the bound lies within the interval', () => {
    const figure = spread([0.9, 0.92, 0.95, 0.96, 0.98, 1.0]);
    assert.equal(isDecided(figure, 1.2), true);
    assert.equal(isDecided(figure, 0.8), true);
    assert.equal(isDecided(figure, 1), false);
  });

  it('has percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.deepEqual(
      [0, 1, 50, 99, 99.5, 100].map((percent) => percentile(hundred, percent)),
      [1, 1, 50, 99, 100, 100],
    );
    assert.equal(percentile([7], 99), 7);
  });

  it('decides nothing from fewer than six samples', () => {
    assert.equal(isDecided(spread([0.5, 0.5, 0.5, 0.5, 0.5]), 1), false);
  });
});
