import type { Cell } from './cells/cell.ts';
import type { Idle } from './idle.ts';
import { isDecided } from './stats.ts';
import type { Spread } from './stats.ts';
import type { CellSummary, Startup } from './summary.ts';
import { bytesPerConnectionTarget, ratioTargets, restMiBTarget, startupMsTarget } from './targets.ts';

/** One target: `~` where the samples cannot tell the figure from it. */
export interface Verdict {
  what: string;
  target: string;
  measured: string;
  verdict: 'reached' | 'not reached' | '~';
}

export function judge(
  summaries: readonly CellSummary[],
  cells: readonly Cell[],
  startups: readonly Startup[],
  idle: readonly Idle[],
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const { cell, rows } of summaries) {
    const { title } = cells.find((each) => each.id === cell) as Cell;
    const ratios = rows.find((row) => row.peer === 'dreamserver')?.ratios ?? [];
    for (const target of ratioTargets.filter((each) => each.cells.test(cell))) {
      const figure = ratios.find((ratio) => ratio.to === target.peer)?.cpu;
      if (figure === undefined) continue;
      verdicts.push(verdict(`${title}: CPU per request ÷ ${target.peer}`, figure, target.atMost, 2));
    }
  }
  const startup = startups.find((each) => each.peer === 'dreamserver')?.ms;
  if (startup !== undefined) {
    verdicts.push(verdict('start-up to listening, ms', startup, startupMsTarget, 0));
  }
  const own = idle.find((each) => each.peer === 'dreamserver');
  if (own !== undefined) {
    const restMiB = own.restBytes / 2 ** 20;
    verdicts.push({
      what: 'RSS at rest, MiB',
      target: `≤ ${restMiBTarget}`,
      measured: restMiB.toFixed(1),
      verdict: restMiB <= restMiBTarget ? 'reached' : 'not reached',
    });
    verdicts.push({
      what: `each of ${own.connections} idle connections, bytes`,
      target: `≤ ${bytesPerConnectionTarget}`,
      measured: own.bytesPerConnection.toFixed(0),
      verdict: own.bytesPerConnection <= bytesPerConnectionTarget ? 'reached' : 'not reached',
    });
  }
  return verdicts;
}

function verdict(what: string, figure: Spread, atMost: number, digits: number): Verdict {
  const [median, low, high] = [figure.median, figure.low, figure.high].map((value) => value.toFixed(digits));
  const reached = figure.median <= atMost ? 'reached' : 'not reached';
  return {
    what,
    target: `≤ ${atMost}`,
    measured: `${median} (${low}–${high})`,
    verdict: isDecided(figure, atMost) ? reached : '~',
  };
}
