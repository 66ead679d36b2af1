/**
 * The bench: DreamServer and its peers side by side, in one run. `node bench/run.ts --help` shows the options.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { openArena } from './arena.ts';
import type { Cell } from './cells/cell.ts';
import { chartsDirectory, drawCharts } from './chart.ts';
import { contest, oneLine } from './contest.ts';
import type { Contest } from './contest.ts';
import { measureIdle } from './idle.ts';
import type { Idle } from './idle.ts';
import { describeMachine } from './machine.ts';
import { parseOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { takesPart } from './peers/index.ts';
import { report } from './report.ts';
import type { Results } from './report.ts';
import type { Sample } from './sample.ts';
import type { Arena } from './server-under-test.ts';
import { summarise, summariseStartups } from './summary.ts';
import type { Fault } from './summary.ts';
import { judge } from './verdict.ts';

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) {
    console.log(usage);
    return;
  }
  const options = parseOptions(args);
  if (options.list) {
    for (const cell of options.cells) console.log(`${cell.id.padEnd(20)} ${cell.title}`);
    for (const peer of options.peers)
      console.log(`${peer.id.padEnd(20)} ${peer.title} (${peer.kinds.join(', ')})`);
    return;
  }
  const machine = describeMachine();
  const { entrants, versions } = presentPeers(options);

  const arena = await openArena(options.cells);
  const { starts, samples, faults } = await runRounds({ ...options, peers: entrants }, arena);
  const idle = await runIdle({ ...options, peers: entrants }, arena, faults);
  await arena.backends.stop();

  const summaries = summarise(samples, options.cells, entrants);
  const startups = summariseStartups([...starts, ...idle], entrants);
  const results: Results = {
    made: new Date().toISOString().slice(0, 16).replace('T', ' '),
    command: ['node bench/run.ts', ...args].join(' '),
    machine,
    versions,
    rounds: options.rounds,
    effort: options.effort,
    summaries,
    startups,
    idle,
    verdicts: judge(summaries, options.cells, startups, idle),
    faults,
    samples,
  };
  publish(results, options, report(results, options.cells, entrants));
  if (faults.length > 0) process.exitCode = 1;
}

/** Round by round and cell by cell. Who fell out of a cell does not enter it again. */
async function runRounds(options: Options, arena: Arena): Promise<Contest> {
  const all: Contest = { starts: [], samples: [], faults: [] };
  for (let round = 1; round <= options.rounds; round++) {
    for (const cell of options.cells) {
      const out = new Set(all.faults.filter((fault) => fault.cell === cell.id).map((fault) => fault.peer));
      const peers = options.peers.filter((peer) => takesPart(peer, cell) && !out.has(peer.id));
      const seen = await contest(peers, cell, round, options.effort, arena, (peer, sample) =>
        progress(
          `round ${round}/${options.rounds}  ${cell.id.padEnd(18)} ${peer.id.padEnd(12)} ${figures(sample)}`,
        ),
      );
      for (const { peer, reason } of seen.faults) progress(`${cell.id} ${peer} NOT COUNTED: ${reason}`);
      if (isPlain(cell)) all.starts.push(...seen.starts);
      all.samples.push(...seen.samples);
      all.faults.push(...seen.faults);
    }
  }
  const isOut = ({ peer, cell }: Sample): boolean =>
    all.faults.some((fault) => fault.peer === peer && fault.cell === cell);
  return { ...all, samples: all.samples.filter((sample) => !isOut(sample)) };
}

/** Whether a start in this cell is one as for any small site: not one that reads 10,000 routes first. */
const isPlain = (cell: Cell): boolean => ['file', 'proxy'].includes(cell.kind) && cell.workers === 1;

async function runIdle(options: Options, arena: Arena, faults: Fault[]): Promise<Idle[]> {
  const measured: Idle[] = [];
  if (options.idleConnections === 0) return measured;
  for (const peer of options.peers) {
    try {
      measured.push(await measureIdle(peer, options.idleConnections, arena));
      progress(`idle connections  ${peer.id}`);
    } catch (error) {
      const reason = oneLine(error);
      faults.push({ peer: peer.id, cell: 'idle connections', round: 1, reason });
      progress(`idle connections  ${peer.id} NOT COUNTED: ${reason}`);
    }
  }
  return measured;
}

function presentPeers(options: Options): { entrants: Options['peers']; versions: Record<string, string> } {
  const versions: Record<string, string> = {};
  const entrants = options.peers.filter((peer) => {
    try {
      versions[peer.id] = peer.version();
      return true;
    } catch (error) {
      progress(`without ${peer.title}: ${(error as Error).message}`);
      return false;
    }
  });
  if (entrants.length === 0) throw new Error('none of the servers is there');
  return { entrants, versions };
}

function publish(results: Results, options: Options, page: string): void {
  console.log(`\n${page}`);
  const json = `${JSON.stringify(results, null, 2)}\n`;
  if (options.json !== null) writeFileSync(options.json, json);
  if (options.write) {
    writeFileSync(fileURLToPath(new URL('RESULTS.md', import.meta.url)), page);
    writeFileSync(fileURLToPath(new URL('results.json', import.meta.url)), json);
    drawCharts(results, chartsDirectory);
  } else {
    progress('bench/RESULTS.md is left as it is: not a full run (--write writes it all the same)');
  }
}

const figures = (sample: Sample): string =>
  [
    `${sample.requestsPerSecond.toFixed(0)} requests/s`.padStart(18),
    `${sample.cpuMicros.toFixed(2)} µs CPU`.padStart(16),
    `p99 ${(sample.p99Micros / 1000).toFixed(2)} ms`.padStart(14),
    `core ${(sample.utilisation * 100).toFixed(0)} %`.padStart(11),
  ].join('');

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  progress(`bench: ${(error as Error).message}`);
  process.exit(1);
}
