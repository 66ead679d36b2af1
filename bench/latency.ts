/**
 * What clients wait in a normal hour, not at full load: DreamServer, nginx and HAProxy are asked at one constant rate, which
 * is a share of what nginx can answer, and latency counts from when a request was due (see constant-rate.ts). All are up
 * at once and take turns.
 *
 *     node bench/latency.ts [--cells file-1k,proxy-1k] [--load 60] [--slices 7] [--seconds 3] [--json FILE]
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { openArena } from './arena.ts';
import type { Cell } from './cells/cell.ts';
import { cellOf } from './cells/index.ts';
import { peers, takesPart } from './peers/index.ts';
import { start } from './processes.ts';
import { table } from './report.ts';
import { Contestant } from './sample.ts';
import type { Arena } from './server-under-test.ts';
import { pairedRatio, spread } from './stats.ts';
import type { Spread } from './stats.ts';

interface Latency {
  requests: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  late: number;
}

const { values } = parseArgs({
  options: {
    cells: { type: 'string', default: 'file-1k,proxy-1k' },
    load: { type: 'string', default: '60' },
    slices: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const [share, slices, seconds] = [values.load, values.slices, values.seconds].map(Number);
const client = fileURLToPath(new URL('constant-rate.ts', import.meta.url));
const cells = values.cells.split(',').map((id) => ({ ...cellOf(id), field: 'references' as const }));
const arena = await openArena(cells);
const results = [];
for (const cell of cells) results.push(await measure(cell, arena));
await arena.backends.stop();
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);

async function measure(cell: Cell, where: Arena) {
  const servers: Contestant[] = [];
  for (const peer of peers.filter((each) => takesPart(each, cell))) {
    const contestant = await Contestant.enter(peer, cell, where);
    servers.push(contestant);
    await contestant.warmUp(2);
  }
  const nginx = servers.find(({ peer }) => peer.id === 'nginx') as Contestant;
  const full = [];
  for (let i = 0; i < 3; i++) full.push((await nginx.measure(i, 1)).requestsPerSecond);
  const rate = Math.round((spread(full).median * share) / 100);
  const seen = new Map<Contestant, Latency[]>(servers.map((server) => [server, []]));
  for (let slice = 0; slice < slices; slice++) {
    const order = [...servers.slice(slice % servers.length), ...servers.slice(0, slice % servers.length)];
    for (const server of order) seen.get(server)?.push(await ask(server, cell, rate, where));
  }
  for (const server of servers) await server.abandon();
  const rows = [...seen].map(([{ peer }, all]) => ({ peer, all }));
  const bySlice = (all: Latency[], figure: 'p50' | 'p99' | 'p999') =>
    new Map(all.map((latency, slice) => [slice, latency[figure]]));
  const theirs = seen.get(nginx) as Latency[];
  const lines = rows.map(({ peer, all }) => [
    peer.title,
    ...(['p50', 'p99', 'p999'] as const).flatMap((figure) => {
      const own = spread(all.map((latency) => latency[figure]));
      const ratio = pairedRatio(bySlice(all, figure), bySlice(theirs, figure));
      const said = ratio === null || peer.id === 'nginx' ? '' : range(ratio);
      return [(own.median / 1000).toFixed(2), said];
    }),
    `${(100 * spread(all.map(({ late }) => late)).median).toFixed(1)} %`,
  ]);
  console.log(`\n${cell.title}: ${rate} requests a second, ${share} % of nginx's most\n`);
  console.log(
    table(['', 'p50 ms', '÷ nginx', 'p99 ms', '÷ nginx', 'p99.9 ms', '÷ nginx', 'sent late'], lines),
  );
  return { cell: cell.id, rate, share, seconds, rows: rows.map(({ peer, all }) => ({ peer: peer.id, all })) };
}

function range({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** Runs the client on the load's core. It turns without a pause, so it yields to the backends, which are there as well. */
async function ask(server: Contestant, cell: Cell, rate: number, { cores }: Arena): Promise<Latency> {
  const request = cell.request(server.authority).toString('base64');
  const args = [client, ...[server.port, rate, cell.connections, seconds].map(String), request];
  const running = start(
    'constant rate',
    { command: 'nice', args: ['-n', '10', process.execPath, ...args] },
    cores.load,
  );
  const bound = setTimeout(() => running.child.kill('SIGKILL'), (seconds * 3 + 20) * 1000);
  await once(running.child, 'close');
  clearTimeout(bound);
  if (running.child.exitCode !== 0)
    throw new Error(`${server.peer.title}: ${running.said() || 'it is too slow'}`);
  return JSON.parse(running.said()) as Latency;
}
