import type { Cell } from './cells.ts';
import type { Idle } from './idle.ts';
import { isDecided } from './stats.ts';
import type { CellSummary } from './summary.ts';
import { bytesPerConnectionTarget, ratioTargets, startupMsTarget } from './targets.ts';

/** One target: `~` where the rounds spread wider than the figure differs from the target. */
export interface Verdict {
  what: string;
  target: string;
  measured: string;
  verdict: 'reached' | 'not reached' | '~';
}

export function judge(
  summaries: readonly CellSummary[],
  cells: readonly Cell[],
  idle: readonly Idle[],
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const { cell, rows } of summaries) {
    const { kind, title } = cells.find((each) => each.id === cell) as Cell;
    const ratios = rows.find((row) => row.peer === 'dreamserver')?.ratios ?? [];
    for (const target of ratioTargets.filter((each) => each.kind === kind)) {
      const figure = ratios.find((ratio) => ratio.to === target.peer)?.cpu;
      if (figure === undefined) continue;
      const reached = figure.median <= target.atMost ? 'reached' : 'not reached';
      verdicts.push({
        what: `${title}: CPU per request ÷ ${target.peer}`,
        target: `≤ ${target.atMost}`,
        measured: `${figure.median.toFixed(2)} (${figure.min.toFixed(2)}–${figure.max.toFixed(2)})`,
        verdict: isDecided(figure, target.atMost) ? reached : '~',
      });
    }
  }
  const own = idle.find((each) => each.peer === 'dreamserver');
  if (own !== undefined) {
    verdicts.push({
      what: 'start-up to listening',
      target: `< ${startupMsTarget} ms`,
      measured: `${own.startupMs.toFixed(0)} ms`,
      verdict: own.startupMs < startupMsTarget ? 'reached' : 'not reached',
    });
    verdicts.push({
      what: `an idle connection of ${own.connections}`,
      target: `≤ ${bytesPerConnectionTarget} bytes`,
      measured: `${own.bytesPerConnection.toFixed(0)} bytes`,
      verdict: own.bytesPerConnection <= bytesPerConnectionTarget ? 'reached' : 'not reached',
    });
  }
  return verdicts;
}
