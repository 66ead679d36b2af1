/** The run as a page of Markdown: what RESULTS.md holds and what the terminal shows. */
import type { Cell } from './cells/cell.ts';
import type { Idle } from './idle.ts';
import type { Machine } from './machine.ts';
import type { Peer } from './peers/peer.ts';
import type { Effort } from './contest.ts';
import type { Sample } from './sample.ts';
import { isDecided } from './stats.ts';
import type { Spread } from './stats.ts';
import { references } from './summary.ts';
import type { CellSummary, Fault, Row, Startup } from './summary.ts';
import type { Verdict } from './verdict.ts';

/** All that a run found, as it is written to the JSON. */
export interface Results {
  made: string;
  command: string;
  machine: Machine;
  versions: Record<string, string>;
  rounds: number;
  effort: Effort;
  summaries: CellSummary[];
  startups: Startup[];
  idle: Idle[];
  verdicts: Verdict[];
  faults: Fault[];
  samples: Sample[];
}

export function report(results: Results, cells: readonly Cell[], peers: readonly Peer[]): string {
  const title = (id: string) => peers.find((peer) => peer.id === id)?.title ?? id;
  const parts = ['# Bench results', setting(results, title)];
  if (results.verdicts.length > 0) {
    const rows = results.verdicts.map((each) => [each.what, each.target, each.measured, each.verdict]);
    parts.push('## Targets', table(['DreamServer', 'target', 'measured', ''], rows));
  }
  parts.push('## Cells', explanation);
  for (const { cell, rows } of results.summaries) {
    const { title: heading, id } = cells.find((each) => each.id === cell) as Cell;
    parts.push(`### ${heading} (\`${id}\`)`, cellTable(rows, title));
    const disturbed = rows.filter((row) => row.foreign > 0.05);
    if (disturbed.length > 0) {
      const shares = disturbed.map((row) => `${title(row.peer)} ${percent(row.foreign)}`).join(', ');
      parts.push(`Disturbed: other programs used the server's core meanwhile, at most beside ${shares}.`);
    }
  }
  if (results.startups.length > 0) parts.push('## At rest', restTable(results, title));
  if (results.faults.length > 0) {
    const lines = results.faults.map(
      (fault) => `- ${title(fault.peer)}, ${fault.cell}, round ${fault.round}: ${fault.reason}`,
    );
    parts.push('## Not counted', lines.join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

const explanation = `Each figure is a median over all slices, with the interval that holds the true one in 95 of 100 cases. CPU is user and
system time of all the server's processes and threads per request. A ratio is that of two servers in the same slice, one
measured right after the other: below 1 the server needs less CPU, above 1 it answers more requests. \`~\` marks a ratio
that these samples cannot tell from 1. p50 and p99 are those of wrk's closed loop at full load. \`floor\`, where it takes part, is no server
to use but the least that a program in Node.js has to do ([peers/floor.ts](peers/floor.ts)).`;

function setting(results: Results, title: (id: string) => string): string {
  const { machine, rounds, effort } = results;
  const versions = Object.entries(results.versions).map(([id, version]) => `${title(id)} ${version}`);
  return [
    `Made ${results.made} by \`${results.command}\`.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Linux ${machine.kernel};`,
    `  load average before the run ${machine.loadBefore}.`,
    `- Versions: ${versions.join('; ')}.`,
    `- Method: the servers on core 0; wrk (1 thread), the backends and the harness on core 1. ${rounds} rounds; in each cell of`,
    `  a round all servers are started, their answers compared byte for byte, each is under load for at least ${effort.warmup} s,`,
    `  and on while it still gets faster; then they take turns, ${effort.slices} slices of ${effort.seconds} s each, while the others wait.`,
    '  A figure counts only if no request failed and the access log holds a line for each.',
    '- Configurations: [peers/](peers/), backends in [backend.ts](backend.ts), requests in [cells/](cells/).',
  ].join('\n');
}

function cellTable(rows: readonly Row[], title: (id: string) => string): string {
  const referred = references.filter((to) => rows.some((row) => row.ratios.some((ratio) => ratio.to === to)));
  const header = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'RSS MiB'];
  for (const to of referred) header.push(`CPU ÷ ${title(to)}`, `requests/s ÷ ${title(to)}`);
  const body = rows.map((row) => [
    title(row.peer),
    row.requestsPerSecond.median.toFixed(0),
    milliseconds(row.p50Micros),
    milliseconds(row.p99Micros),
    figure(row.cpuMicros),
    (row.residentBytes.median / 2 ** 20).toFixed(0),
    ...referred.flatMap((to) => {
      const ratio = row.ratios.find((each) => each.to === to);
      return ratio === undefined ? ['', ''] : [ratioFigure(ratio.cpu), ratioFigure(ratio.throughput)];
    }),
  ]);
  return table(header, body);
}

function restTable({ startups, idle }: Results, title: (id: string) => string): string {
  return table(
    ['', 'start-up to listening, ms', 'RSS at rest, MiB', 'idle connections', 'KiB for each'],
    startups.map(({ peer, ms }) => {
      const still = idle.find((each) => each.peer === peer);
      const memory =
        still === undefined
          ? ['', '', '']
          : [
              (still.restBytes / 2 ** 20).toFixed(1),
              String(still.connections),
              (still.bytesPerConnection / 1024).toFixed(2),
            ];
      return [title(peer), figure(ms), ...memory];
    }),
  );
}

const figure = ({ median, low, high }: Spread): string => {
  const digits = median < 100 ? 2 : 0;
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
};

/** wrk takes no times of pipelined requests. */
const milliseconds = ({ median }: Spread): string => (median === 0 ? '' : (median / 1000).toFixed(2));

const ratioFigure = (ratio: Spread): string =>
  `${isDecided(ratio, 1) ? '' : '~ '}${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** A Markdown table, padded so that it reads well in a terminal. The first column is text, the others are figures. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cellsOfLine: readonly string[]) => {
    const padded = cellsOfLine.map((text, column) =>
      column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(header), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}
