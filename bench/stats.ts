/** A figure over the rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], rounds: sorted.length };
}

/** The ratio of two peers round by round: the two were measured one after the other in each. */
export function pairedRatio(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
): Spread | null {
  const ratios: number[] = [];
  for (const [round, value] of ours) {
    const other = theirs.get(round);
    if (other !== undefined) ratios.push(value / other);
  }
  return ratios.length === 0 ? null : spread(ratios);
}

/** Fewer rounds than this say nothing about the spread. */
const enoughRounds = 3;

/** Whether the rounds can tell the figure from the bound: not when they spread wider than the two differ. */
export function isDecided(figure: Spread, bound: number): boolean {
  return figure.rounds >= enoughRounds && figure.max - figure.min < Math.abs(figure.median - bound);
}
