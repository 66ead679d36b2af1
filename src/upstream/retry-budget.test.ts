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

describe('the requests that are with a server when it dies', () => {
  const first = {};
  const second = {};

  it('are sent again, however many they are, at no cost', () => {
    const budget = new RetryBudget(0.2);
    const sent = Array.from({ length: 100 }, () => budget.sent());
    for (const number of sent) assert.equal(budget.takeRetryOfBroken(first, number), true);
    assert.equal(retriesOf(budget), 10);
  });

  it('are those that were sent before the first of them broke: a server that goes on breaking has the budget', () => {
    const budget = new RetryBudget(0.2);
    const [early, late] = [budget.sent(), budget.sent()];
    assert.equal(budget.takeRetryOfBroken(first, late), true);
    const after = budget.sent();
    assert.equal(budget.takeRetryOfBroken(first, early), true);
    let count = 0;
    while (budget.takeRetryOfBroken(first, after)) count++;
    assert.equal(count, 10);
    assert.equal(budget.takeRetryOfBroken(first, early), true);
  });

  it('are counted for each server by itself', () => {
    const budget = new RetryBudget(0);
    const sent = [budget.sent(), budget.sent()];
    assert.equal(budget.takeRetryOfBroken(first, sent[0]), true);
    assert.equal(retriesOf(budget), 10);
    assert.equal(budget.takeRetryOfBroken(second, budget.sent()), true);
    assert.equal(budget.takeRetryOfBroken(first, budget.sent()), false);
  });
});
