import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { SlowReads } from './slow-reads.ts';

using directory = temporaryDirectory();
const DIRECTORIES = [directory.path];

suite('whether reading at once would make the thread wait', () => {
  test('is not expected at first, nor of a busy machine: nothing was read from a device', () => {
    const reads = new SlowReads(DIRECTORIES);
    assert.equal(reads.areExpected(0), false);
    for (let i = 0; i < 100; i++) reads.took(6, i);
    assert.equal(reads.areExpected(100), false);
  });

  test('is expected after three waits that are too long for that, for a hundred times as long', () => {
    const reads = new SlowReads(DIRECTORIES);
    for (let i = 0; i < 3; i++) {
      assert.equal(reads.areExpected(30 * i), false);
      reads.took(30, 30 * i);
    }
    assert.equal(reads.areExpected(3000), true);
    assert.equal(reads.areExpected(3100), false);
    // It still is slow: the first to try tells.
    reads.took(30, 3100);
    assert.equal(reads.areExpected(6000), true);
  });

  test('is expected after one very long wait', () => {
    const reads = new SlowReads(DIRECTORIES);
    reads.took(500, 0);
    assert.equal(reads.areExpected(50_000), true);
    assert.equal(reads.areExpected(50_500), false);
  });

  test('and then others do it', async () => {
    const reads = new SlowReads(DIRECTORIES);
    const who = (): unknown =>
      reads.atOnce(
        () => 'this thread',
        () => Promise.resolve('another'),
      );
    assert.equal(who(), 'this thread');
    reads.took(500, performance.now());
    assert.equal(await who(), 'another');
  });
});
