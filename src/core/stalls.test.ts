import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Stalls } from './stalls.ts';

suite('whether a call of the system would make its thread wait', () => {
  test('is not expected after one or two that waited, which a busy machine brings about', () => {
    const stalls = new Stalls();
    stalls.took(8, 8);
    stalls.took(8, 16);
    assert.equal(stalls.areExpected(16), false);
  });

  test('is not expected where most are quick', () => {
    const stalls = new Stalls();
    for (let now = 0; now < 1000; now++) {
      stalls.took(now % 20 === 0 ? 8 : 0.02, now);
      assert.equal(stalls.areExpected(now), false);
    }
  });

  test('is expected for a quarter of a second after three that waited a little', () => {
    const stalls = new Stalls();
    for (const now of [10, 20, 30]) stalls.took(8, now);
    assert.equal(stalls.areExpected(279), true);
    assert.equal(stalls.areExpected(280), false);
  });

  test('and then at once where the first to try waits again', () => {
    const stalls = new Stalls();
    for (const now of [10, 20, 30, 300]) stalls.took(8, now);
    assert.equal(stalls.areExpected(549), true);
  });

  test('is expected for a hundred times as long as they took that were long', () => {
    const stalls = new Stalls();
    for (const now of [30, 60, 90]) stalls.took(30, now);
    assert.equal(stalls.areExpected(3089), true);
    assert.equal(stalls.areExpected(3090), false);
  });

  test('is expected after a single one that was very long, and for no more than five minutes', () => {
    const stalls = new Stalls();
    stalls.took(500, 500);
    assert.equal(stalls.areExpected(50_499), true);
    assert.equal(stalls.areExpected(50_500), false);
    stalls.took(60_000, 110_500);
    assert.equal(stalls.areExpected(410_499), true);
    assert.equal(stalls.areExpected(410_500), false);
  });
});
