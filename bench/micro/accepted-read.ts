/**
 * What it costs to answer a small request on an accepted connection, by the way the connection is read:
 *
 *   events   the accepted socket's `data` events: a new Buffer for each read
 *   onread   a socket made around the accepted handle with `onread`: one buffer, read into again and again
 *
 *     node bench/micro/accepted-read.ts [--rounds 5] [--seconds 2]
 *
 * Needs wrk and taskset. The server runs on core 0, wrk on core 1, in turns; printed is the CPU time of the server for
 * a request, median (lowest–highest).
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { cpuBetween, readCpu } from '../measure.ts';
import { spread } from '../stats.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } },
});
const server = fileURLToPath(new URL('accepted-read/server.ts', import.meta.url));
const ways = ['events', 'onread'] as const;
const samples = new Map<string, number[]>(ways.map((way) => [way, []]));

for (let round = 0; round < Number(values.rounds); round++) {
  for (const way of ways) {
    samples.get(way)?.push(await sample(way));
  }
}
for (const [way, all] of samples) {
  const { median, low, high } = spread(all);
  console.log(`${way.padEnd(8)} ${median.toFixed(2)} µs (${low.toFixed(2)}–${high.toFixed(2)})`);
}

async function sample(way: string): Promise<number> {
  const child = spawn('taskset', ['-c', '0', process.execPath, server, way], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const url = `http://127.0.0.1:${port.toString().trim()}/`;
    load(url, '1');
    const pids = [child.pid as number];
    const before = readCpu(pids);
    const requests = load(url, values.seconds);
    return cpuBetween(before, readCpu(pids)) / requests / 1000;
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

/** Load for some seconds; answers how many requests were made. */
function load(url: string, seconds: string): number {
  const out = execFileSync('taskset', ['-c', '1', 'wrk', '-t1', '-c64', `-d${seconds}`, url], {
    encoding: 'utf8',
  });
  return Number(/(\d+) requests in/.exec(out)?.[1]);
}
