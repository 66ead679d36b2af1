/** The small benches run at all; what they print is a figure, and never mind which. Those that need wrk are in test/e2e. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const commands: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['--rounds', '1', '--warm-up', '0'],
  'log-line.ts': ['--rounds', '1'],
  'log-write.ts': ['--rounds', '1'],
  'proxied-exchange.ts': ['--rounds', '1', '--exchanges', '500'],
};

for (const [name, args] of Object.entries(commands)) {
  test(`${name} runs and prints figures`, async () => {
    const program = fileURLToPath(new URL(name, import.meta.url));
    const { stdout } = await run(process.execPath, [program, ...args], { timeout: 60_000 });
    assert.match(stdout, /\d/);
    assert.doesNotMatch(stdout, /NaN|undefined/);
  });
}
