import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isDecided, pairedRatio, spread } from './stats.ts';

describe('the figures of a bench', () => {
  it('has the middle value as its median, or the mean of the two in the middle', () => {
    assert.deepEqual(spread([10, 2, 3]), { median: 3, min: 2, max: 10, rounds: 3 });
    assert.equal(spread([4, 1, 2, 10]).median, 3);
  });

  it('takes ratios round by round and leaves out rounds that only one of the two finished', () => {
    const ours = new Map([
      [1, 10],
      [2, 30],
      [3, 99],
    ]);
    const theirs = new Map([
      [1, 20],
      [2, 20],
    ]);
    assert.deepEqual(pairedRatio(ours, theirs), { median: 1, min: 0.5, max: 1.5, rounds: 2 });
    assert.equal(pairedRatio(ours, new Map()), null);
  });

  it('decides nothing when the rounds spread wider than the figure differs from the bound', () => {
    assert.equal(isDecided(spread([0.9, 0.95, 1.0]), 1.2), true);
    assert.equal(isDecided(spread([0.9, 0.95, 1.0]), 1), false);
    assert.equal(isDecided(spread([1.5, 1.6, 1.55]), 1.2), true);
  });

  it('decides nothing from fewer than three rounds', () => {
    assert.equal(isDecided(spread([0.5, 0.5]), 1), false);
  });
});
