/**
 * Draws the charts of bench/charts/ from bench/results.json, as a full run of the bench does:
 *
 *     node bench/chart.ts [--from FILE] [--to DIRECTORY]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { cells } from './cells/index.ts';
import { cpuBars } from './charts/cpu-bars.ts';
import type { Figures, Titles } from './charts/figures.ts';
import { ratioDots } from './charts/ratio-dots.ts';
import { floor } from './peers/floor.ts';
import { peers } from './peers/index.ts';

const shownCells = ['file-1k', 'file-100k', 'proxy-1k', 'proxy-100k', 'proxy-post-64k'];

const titles: Titles = {
  cell: (id) => cells.find((each) => each.id === id)?.title ?? id,
  peer: (id) => peers.find((each) => each.id === id)?.title ?? id,
};

export function drawCharts(results: Figures, directory: string): void {
  const shown = withoutFloor(results);
  writeFileSync(join(directory, 'cpu.svg'), cpuBars(shown, shownCells, titles));
  writeFileSync(join(directory, 'ratios.svg'), ratioDots(shown, titles));
}

/** It is no server that anybody could choose. */
function withoutFloor({ made, summaries }: Figures): Figures {
  const rowsOf = ({ rows }: Figures['summaries'][number]) =>
    rows
      .filter(({ peer }) => peer !== floor.id)
      .map((row) => ({ ...row, ratios: row.ratios.filter(({ to }) => to !== floor.id) }));
  return { made, summaries: summaries.map((each) => ({ ...each, rows: rowsOf(each) })) };
}

export const chartsDirectory = fileURLToPath(new URL('charts', import.meta.url));

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: fileURLToPath(new URL('results.json', import.meta.url)) },
      to: { type: 'string', default: chartsDirectory },
    },
  });
  drawCharts(JSON.parse(readFileSync(values.from, 'utf8')) as Figures, values.to);
}
