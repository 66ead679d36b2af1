import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cpuBars } from './cpu-bars.ts';
import type { Figures, Titles } from './figures.ts';
import { ratioDots } from './ratio-dots.ts';
import { width } from './svg.ts';

const titles: Titles = { cell: (id) => `cell <${id}>`, peer: (id) => id };
const interval = (median: number) => ({ median, low: median * 0.9, high: median * 1.1 });
const results: Figures = {
  made: '2026-11-25 18:05',
  summaries: [
    {
      cell: 'a',
      rows: [
        { peer: 'dreamserver', cpuMicros: { median: 5 }, ratios: [{ to: 'nginx', cpu: interval(0.25) }] },
        { peer: 'nginx', cpuMicros: { median: 20 }, ratios: [] },
      ],
    },
    { cell: 'b', rows: [{ peer: 'nginx', cpuMicros: { median: 123.4 }, ratios: [] }] },
  ],
};

const numbersOf = (svg: string, pattern: RegExp): number[] =>
  [...svg.matchAll(pattern)].map(([, number]) => Number(number));

describe('the bars of CPU time', () => {
  const svg = cpuBars(results, ['a', 'b', 'not measured'], titles);

  it('are as long as the figures, in each cell', () => {
    const [, own, nginx] = numbersOf(svg, /<rect [^>]*width="([\d.]+)"/g);
    assert.ok(Math.abs(own / nginx - 5 / 20) < 0.01);
  });

  it('bear their figures, and leave out cells that were not measured', () => {
    for (const text of ['>5.0<', '>20.0<', '>123<', 'cell &lt;a&gt;', '2026-11-25 18:05']) {
      assert.ok(svg.includes(text), text);
    }
    assert.ok(!svg.includes('not measured'));
  });

  it('have colours for a dark page', () => {
    assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
  });
});

describe('the dots of ratios', () => {
  const svg = ratioDots(results, titles);

  it('are on a scale of powers of two that holds their intervals', () => {
    const at = (label: string): number =>
      Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${label}</text>`).exec(svg)?.[1]);
    const [, , dot] = numbersOf(svg, /<circle cx="([\d.]+)"/g);
    assert.equal(dot, at('0.25'));
    assert.ok(at('0.125') < dot && dot < at('1'));
    assert.ok(numbersOf(svg, /<line x1="([\d.]+)"/g).every((x) => x >= 0 && x <= width));
  });

  it('leave out cells without a ratio', () => {
    assert.ok(!svg.includes('cell &lt;b&gt;'));
  });
});
