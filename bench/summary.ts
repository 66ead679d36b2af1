import type { Cell } from './cells/cell.ts';
import type { Peer } from './peers/peer.ts';
import type { Sample } from './sample.ts';
import { pairedRatio, spread } from './stats.ts';
import type { Spread } from './stats.ts';

/** A server that did not get a figure in a cell, and why. */
export interface Fault {
  peer: string;
  cell: string;
  round: number;
  reason: string;
}

/** A ratio to another peer of the same cell, slice by slice. */
export interface Ratio {
  to: string;
  cpu: Spread;
  throughput: Spread;
}

export interface Row {
  peer: string;
  requestsPerSecond: Spread;
  p50Micros: Spread;
  p99Micros: Spread;
  cpuMicros: Spread;
  utilisation: Spread;
  residentBytes: Spread;
  /** The most that anything else used of the server's core in a slice: 0 to 1. */
  foreign: number;
  ratios: Ratio[];
}

export interface CellSummary {
  cell: string;
  rows: Row[];
}

/** One start of a peer: milliseconds from spawning it to its first accepted connection. */
export interface Start {
  peer: string;
  startupMs: number;
}

/** The same over all its starts. */
export interface Startup {
  peer: string;
  ms: Spread;
}

export function summariseStartups(starts: readonly Start[], peers: readonly Peer[]): Startup[] {
  const of = (peer: Peer) => starts.filter((start) => start.peer === peer.id).map((start) => start.startupMs);
  return peers.filter((peer) => of(peer).length > 0).map((peer) => ({ peer: peer.id, ms: spread(of(peer)) }));
}

/** The peers that every other is set in relation to; DreamServer is set in relation to all. */
export const references: readonly string[] = ['nginx', 'haproxy', 'floor', 'before', 'with'];

export function summarise(
  samples: readonly Sample[],
  cells: readonly Cell[],
  peers: readonly Peer[],
): CellSummary[] {
  return cells.map((cell) => {
    const inCell = samples.filter((sample) => sample.cell === cell.id);
    const of = (peer: string) => inCell.filter((sample) => sample.peer === peer);
    const present = peers.map(({ id }) => id).filter((id) => of(id).length > 0);
    const rows = present.map((id) => row(id, id === 'dreamserver' ? present : references, of));
    return { cell: cell.id, rows };
  });
}

function row(peer: string, others: readonly string[], of: (peer: string) => Sample[]): Row {
  const mine = of(peer);
  const over = (figure: (sample: Sample) => number) => spread(mine.map(figure));
  const cpu = (sample: Sample) => sample.cpuMicros;
  const throughput = (sample: Sample) => sample.requestsPerSecond;
  const bySlice = (samples: Sample[], figure: (sample: Sample) => number) =>
    new Map(samples.map((sample) => [sample.slice, figure(sample)]));
  const ratios: Ratio[] = [];
  for (const to of others) {
    if (to === peer) continue;
    const cpuRatio = pairedRatio(bySlice(mine, cpu), bySlice(of(to), cpu));
    const throughputRatio = pairedRatio(bySlice(mine, throughput), bySlice(of(to), throughput));
    if (cpuRatio !== null && throughputRatio !== null)
      ratios.push({ to, cpu: cpuRatio, throughput: throughputRatio });
  }
  return {
    peer,
    requestsPerSecond: over(throughput),
    p50Micros: over((sample) => sample.p50Micros),
    p99Micros: over((sample) => sample.p99Micros),
    cpuMicros: over(cpu),
    utilisation: over((sample) => sample.utilisation),
    residentBytes: over((sample) => sample.residentBytes),
    foreign: Math.max(...mine.map((sample) => sample.foreign)),
    ratios,
  };
}
