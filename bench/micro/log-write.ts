/**
 * What does it cost to append a batch of log lines to a file: `writeSync` on the event loop's thread, or `write` in the
 * thread pool? The process serves "requests" of 100 µs and appends after every fifth; the figure is the CPU time of
 * a batch beyond that of the same rounds without any (user + system, all threads). Rounds are interleaved. Run it also
 * under `taskset -c 1`, since a server often has one core.
 *
 *   node bench/micro/log-write.ts [--rounds N]
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, write, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const BATCHES = 300;
const REQUESTS = 5;
const REQUEST_MS = 0.1;

const folder = mkdtempSync(join(tmpdir(), 'log-write-'));
const fd = openSync(join(folder, 'access.log'), 'a');
type Way = 'nothing' | 'writeSync' | 'write';

function serveRequest(): void {
  const end = performance.now() + REQUEST_MS;
  while (performance.now() < end);
}

/** CPU time of a batch and its requests, in µs. */
async function round(way: Way, batch: Buffer): Promise<number> {
  const before = process.cpuUsage();
  let pending: Promise<void> | undefined;
  for (let i = 0; i < BATCHES; i++) {
    for (let j = 0; j < REQUESTS; j++) {
      serveRequest();
      await setImmediate();
    }
    if (way === 'writeSync') writeSync(fd, batch);
    if (way === 'write') {
      await pending;
      pending = new Promise((resolve, reject) => {
        write(fd, batch, 0, batch.length, null, (error) => (error === null ? resolve() : reject(error)));
      });
    }
  }
  await pending;
  const { user, system } = process.cpuUsage(before);
  ftruncateSync(fd);
  return (user + system) / BATCHES;
}

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

try {
  for (const size of [4096, 32_768, 65_536]) {
    const batch = Buffer.alloc(size, 'x');
    const seen: Record<Way, number[]> = { nothing: [], writeSync: [], write: [] };
    for (let i = 0; i < Number(values.rounds); i++) {
      for (const way of ['nothing', 'writeSync', 'write'] as const) seen[way].push(await round(way, batch));
    }
    const base = median(seen.nothing);
    for (const way of ['writeSync', 'write'] as const) {
      console.log(`${size} bytes by ${way}: ${(median(seen[way]) - base).toFixed(1)} µs of CPU a batch`);
    }
  }
} finally {
  closeSync(fd);
  rmSync(folder, { recursive: true });
}
