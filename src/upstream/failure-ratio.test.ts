import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FailureRatio } from './failure-ratio.ts';

let now = 0;
const ratio = (failures: number, requests: number, window = 1000): FailureRatio =>
  new FailureRatio({ failures, requests, window }, () => now);

describe('the share of requests that failed', () => {
  it('is too large from the share on that is configured', () => {
    const policy = ratio(0.5, 1);
    policy.succeeded();
    policy.succeeded();
    assert.deepEqual([policy.failed(), policy.failed()], [false, true]);
    assert.equal(policy.evidence, '2 of 4 requests failed');
  });

  it('is exact: 14 of 25 requests are 56% of them', () => {
    const policy = ratio(0.56, 25);
    for (let i = 0; i < 11; i++) policy.succeeded();
    const told = Array.from({ length: 14 }, () => policy.failed());
    assert.deepEqual([told.indexOf(true), policy.evidence], [13, '14 of 25 requests failed']);
  });

  it('says nothing while there are too few requests', () => {
    const policy = ratio(0.1, 4);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => policy.failed()),
      [false, false, false, true],
    );
  });

  it('is of the requests since the window began, and forgets what has left it', () => {
    const policy = ratio(0.5, 3);
    now = 100_000;
    policy.failed();
    policy.failed();
    now += 800;
    assert.equal(policy.failed(), true);
    now += 300;
    assert.equal(policy.failed(), false);
    assert.equal(policy.evidence, '2 of 2 requests failed');
  });

  it('is forgotten when it is reset', () => {
    const policy = ratio(0.5, 2);
    policy.failed();
    policy.reset();
    assert.equal(policy.failed(), false);
  });

  it('is that of an exact count, but for the tenth of the window that is about to leave', () => {
    const steps = fc.array(fc.record({ wait: fc.nat(700), fails: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.nat(100_000), (all, start) => {
        now = start;
        const policy = ratio(1, 1_000_000);
        const past: { at: number; fails: boolean }[] = [];
        for (const { wait, fails } of all) {
          now += wait;
          past.push({ at: now, fails });
          if (fails) policy.failed();
          else policy.succeeded();
          const oldest = (Math.floor(now / 100) - 9) * 100;
          const inside = past.filter(({ at }) => at >= oldest);
          const failed = inside.filter((each) => each.fails).length;
          assert.equal(policy.evidence, `${failed} of ${inside.length} requests failed`);
        }
      }),
    );
  });
});
