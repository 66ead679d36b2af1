import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { cacheSizeOf, defaultCacheSize } from './default-cache-size.ts';

const MIB = 2 ** 20;

test('the cache for files is an eighth of the memory, and 2 GiB at the most', () => {
  for (const [memory, size] of [
    [128, 16],
    [512, 64],
    [1000, 125],
    [2048, 256],
    [15_900, 1987],
    [16_384, 2048],
    [1_000_000, 2048],
    [1, 1],
  ] as const) {
    assert.equal(cacheSizeOf(memory * MIB), size * MIB, `of ${memory} MiB`);
  }
  assert.ok(defaultCacheSize() <= cacheSizeOf(totalmem()));
});
