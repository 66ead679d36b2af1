import type { Figures, Titles } from './figures.ts';
import { dot, drawing, line, text, width } from './svg.ts';

const left = 12;
const plotLeft = 24;
const plotRight = width - 24;
const rowHeight = 40;

/** DreamServer's CPU time for a request as a multiple of nginx's and HAProxy's, in every cell, on a scale of powers of 2. */
export function ratioDots(results: Figures, titles: Titles): string {
  const rows = results.summaries.flatMap(({ cell, rows: all }) => {
    const ratios = all.find(({ peer }) => peer === 'dreamserver')?.ratios ?? [];
    const shown = ratios.filter(({ to }) => to === 'nginx' || to === 'haproxy');
    return shown.length === 0 ? [] : [{ cell, ratios: shown }];
  });
  const ends = rows.flatMap(({ ratios }) => ratios.flatMap(({ cpu }) => [cpu.low, cpu.high]));
  const least = Math.floor(Math.log2(Math.min(0.5, ...ends)));
  const most = Math.ceil(Math.log2(Math.max(2, ...ends)));
  const at = (ratio: number) =>
    plotLeft + ((plotRight - plotLeft) * (Math.log2(ratio) - least)) / (most - least);
  const top = 92;
  const bottom = top + rows.length * rowHeight;
  const parts = [
    text(left, 28, 'CPU time against nginx and HAProxy', 'title'),
    text(left, 46, 'of DreamServer for a request, as a multiple of theirs; less is better', 'quiet'),
    dot(left + 5, 62, 'nginx'),
    text(left + 15, 66, titles.peer('nginx'), 'quiet'),
    dot(left + 75, 62, 'haproxy'),
    text(left + 85, 66, titles.peer('haproxy'), 'quiet'),
  ];
  for (let power = least; power <= most; power++) {
    const x = at(2 ** power);
    parts.push(line(x, top - 6, x, bottom, power === 0 ? 'bound' : 'line'));
    parts.push(text(x, top - 10, String(2 ** power), 'quiet middle'));
  }
  for (const [index, { cell, ratios }] of rows.entries()) {
    const y = top + index * rowHeight;
    parts.push(text(plotLeft + 4, y + 14, titles.cell(cell), 'quiet'));
    for (const [which, { to, cpu }] of ratios.entries()) {
      const height = y + 23 + 8 * which;
      parts.push(line(at(cpu.low), height, at(cpu.high), height, to, 2), dot(at(cpu.median), height, to));
    }
  }
  parts.push(text(left, bottom + 22, `${results.made}; lines: intervals of the medians`, 'quiet'));
  return drawing(
    bottom + 34,
    "DreamServer's CPU time for a request as a multiple of nginx's and HAProxy's",
    parts,
  );
}
