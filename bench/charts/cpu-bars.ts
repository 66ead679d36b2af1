import type { Figures, Titles } from './figures.ts';
import { bar, drawing, text, width } from './svg.ts';

const left = 12;
const barLeft = 122;
/** Room for the figure behind the longest bar. */
const barRight = width - 76;
const rowHeight = 22;

/** CPU time for a request, a group of bars for each of the cells, the longest bar of each as long as the page is wide. */
export function cpuBars(results: Figures, cells: readonly string[], titles: Titles): string {
  const groups = cells.flatMap((id) => results.summaries.find(({ cell }) => cell === id) ?? []);
  const parts = [
    text(left, 28, 'CPU time for a request', 'title'),
    text(left, 46, 'µs of one core, user and system; shorter is better', 'quiet'),
  ];
  let y = 62;
  for (const { cell, rows } of groups) {
    y += 18;
    parts.push(text(left, y, titles.cell(cell), 'quiet'));
    y += 8;
    const most = Math.max(...rows.map(({ cpuMicros }) => cpuMicros.median));
    for (const { peer, cpuMicros } of rows) {
      const length = ((barRight - barLeft) * cpuMicros.median) / most;
      const own = peer === 'dreamserver';
      parts.push(
        text(barLeft - 8, y + 15, titles.peer(peer), own ? 'end own' : 'end'),
        bar(barLeft, y + 3, length, rowHeight - 6, own ? 'own' : 'other'),
        text(barLeft + length + 6, y + 15, micros(cpuMicros.median), own ? 'own' : ''),
      );
      y += rowHeight;
    }
    y += 4;
  }
  parts.push(text(left, y + 20, `${results.made}, all in one run`, 'quiet'));
  return drawing(y + 32, 'CPU time for a request, by server', parts);
}

const micros = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
