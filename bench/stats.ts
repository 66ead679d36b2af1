/**
 * A figure over many samples: the middle one, and an interval that holds the true median in at least 95 of 100 cases,
 * whatever the samples are distributed like (the sign test's). With fewer than six it is their whole range, and says less.
 */
export interface Spread {
  median: number;
  low: number;
  high: number;
  samples: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const outside = samplesOutside(sorted.length);
  return {
    median,
    low: sorted[outside],
    high: sorted[sorted.length - 1 - outside],
    samples: sorted.length,
  };
}

/**
 * How many samples on either side are left out of the interval. Each is above the true median or below it like a coin
 * that is tossed: the interval misses it when at most so many fell on one side.
 */
function samplesOutside(count: number): number {
  let outside = 0;
  let ways = 1;
  let missed = 2 / 2 ** count;
  for (;;) {
    ways = (ways * (count - outside)) / (outside + 1);
    missed += (2 * ways) / 2 ** count;
    if (missed > 0.05) return outside;
    outside++;
  }
}

/** The ratio of two peers slice by slice: the two were measured one right after the other in each. */
export function pairedRatio(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
): Spread | null {
  const ratios: number[] = [];
  for (const [slice, value] of ours) {
    const other = theirs.get(slice);
    if (other !== undefined) ratios.push(value / other);
  }
  return ratios.length === 0 ? null : spread(ratios);
}

/** Fewer samples than this have no interval of 95 %. */
const enoughSamples = 6;

/** Whether the samples can tell the figure from the bound: not when the bound lies within their interval. */
export function isDecided(figure: Spread, bound: number): boolean {
  return figure.samples >= enoughSamples && (figure.high < bound || figure.low > bound);
}

/** The value that `percent` of 100 of these, sorted upwards, do not exceed (the nearest rank). */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}
