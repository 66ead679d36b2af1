import { spread } from '../../stats.ts';

/** One thing that is measured: `run` does it `times` times. */
export interface Piece {
  readonly title: string;
  readonly times: number;
  /** The figure to print, from the microseconds that one time took. */
  readonly figure: (micros: number) => number;
  readonly unit: string;
  readonly run: () => void;
}

/** CPU time (user and system) of each piece, in many short rounds by turns. One line a piece: median (interval). */
export function measure(pieces: readonly Piece[], rounds: number, warmUp: number): string[] {
  const figures = new Map<Piece, number[]>(pieces.map((piece) => [piece, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const piece of pieces) {
      const before = process.cpuUsage();
      piece.run();
      // Both: the system splits them by sampling, which is too coarse for so short a time.
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) figures.get(piece)?.push(piece.figure((user + system) / piece.times));
    }
  }
  return [...figures].map(([{ title, unit }, all]) => {
    const { median, low, high } = spread(all);
    const range = `(${low.toFixed(2)}–${high.toFixed(2)})`;
    return `${title.padEnd(36)} ${median.toFixed(2).padStart(6)} ${range.padEnd(14)} ${unit}`;
  });
}
