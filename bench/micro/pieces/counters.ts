/** A counter of one thread, and one that threads share, to which nobody else writes meanwhile. */
import type { Piece } from './piece.ts';

const times = 1_000_000;
const own = new Int32Array(16);
const shared = new Int32Array(new SharedArrayBuffer(64));
const figure = (micros: number): number => micros * 1000;

export const counterPieces: readonly Piece[] = [
  {
    title: 'a plain counter, one up',
    times,
    figure,
    unit: 'ns',
    run() {
      for (let i = 0; i < times; i++) own[i & 7]++;
    },
  },
  {
    title: 'an atomic one',
    times,
    figure,
    unit: 'ns',
    run() {
      for (let i = 0; i < times; i++) Atomics.add(shared, i & 7, 1);
    },
  },
];
