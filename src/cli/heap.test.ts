import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

it('the space for new objects stays small, however many there are, and grows again after a quiet time', () => {
  const program = fileURLToPath(new URL('../../test/support/growing-heap.ts', import.meta.url));
  const output = execFileSync(process.execPath, [program], { encoding: 'utf8' });
  const [busy, quiet, busyAgain] = (JSON.parse(output) as number[]).map((bytes) => bytes / 2 ** 20);
  // Twice the bound or four times, where the observer is told late; without one it is 128 on a machine with much memory.
  assert.ok(busy >= 16 && busy <= 64, output);
  assert.ok(quiet < 16, output);
  assert.ok(busyAgain >= 16 && busyAgain <= 64, output);
});
