import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

/** How many retries there may be at once. */
function retriesOf(budget: RetryBudget): number {
  let count = 0;
  while (budget.takeRetry()) count++;
  return count;
}

describe('the retries of an upstream', () => {
  it('are a share of its requests, and ten more', () => {
    const budget = new RetryBudget(0.2);
    for (let request = 0; request < 1000; request++) budget.request();
    assert.equal(retriesOf(budget), 210);
    for (let request = 0; request < 10; request++) budget.request();
    assert.equal(retriesOf(budget), 2);
  });

  it('are possible where there are hardly any requests', () => {
    assert.equal(retriesOf(new RetryBudget(0)), 10);
  });
});
