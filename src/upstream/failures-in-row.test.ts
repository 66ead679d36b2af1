import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { FailuresInRow } from './failures-in-row.ts';

it('counts those that follow each other within the window, from the first of them on', () => {
  const policy = new FailuresInRow({ failures: 3, window: 1000 });
  const start = performance.now();
  const clock = mock.method(performance, 'now');
  const failAt = (ms: number): boolean => {
    clock.mock.mockImplementation(() => start + ms);
    return policy.failed();
  };
  try {
    assert.deepEqual([0, 900, 1800, 2700, 2701].map(failAt), [false, false, false, false, true]);
  } finally {
    clock.mock.restore();
  }
});

it('begins anew after a success', () => {
  const policy = new FailuresInRow({ failures: 2, window: 1000 });
  assert.equal(policy.failed(), false);
  policy.succeeded();
  assert.deepEqual([policy.failed(), policy.failed()], [false, true]);
});
