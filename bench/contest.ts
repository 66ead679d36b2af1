import type { Cell } from './cells/cell.ts';
import type { Peer } from './peers/peer.ts';
import { Contestant } from './sample.ts';
import type { Sample } from './sample.ts';
import type { Arena } from './server-under-test.ts';
import type { Fault, Start } from './summary.ts';

/** How long each part of a contest takes. */
export interface Effort {
  /** Seconds of load before the first slice, at least. */
  warmup: number;
  /** How often each server is measured, and for how many seconds each time. */
  slices: number;
  seconds: number;
}

export interface Contest {
  starts: Start[];
  samples: Sample[];
  faults: Fault[];
}

/**
 * The servers in one cell: all of them are started and warmed up, and then take turns on the core in short slices,
 * A B C, B C A, C A B, … A machine whose speed changes from one second to the next changes for all of them, and a server
 * that waits for its turn costs the others nothing. Who answers wrongly, or loses a line of its log, gets no figure.
 */
export async function contest(
  peers: readonly Peer[],
  cell: Cell,
  round: number,
  effort: Effort,
  arena: Arena,
  progress: (peer: Peer, sample: Sample) => void,
): Promise<Contest> {
  const faults: Fault[] = [];
  const starts: Start[] = [];
  let samples: Sample[] = [];
  const running = new Set<Contestant>();
  const disqualify = (peer: Peer, error: unknown): void => {
    faults.push({ peer: peer.id, cell: cell.id, round, reason: oneLine(error) });
    samples = samples.filter((sample) => sample.peer !== peer.id);
  };
  const attempt = async (contestant: Contestant, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      running.delete(contestant);
      disqualify(contestant.peer, error);
      await contestant.leave().catch(() => {});
    }
  };
  for (const peer of peers) {
    try {
      const contestant = await Contestant.enter(peer, cell, arena);
      running.add(contestant);
      starts.push({ peer: peer.id, startupMs: contestant.startupMs });
      await attempt(contestant, () => contestant.warmUp(effort.warmup));
    } catch (error) {
      disqualify(peer, error);
    }
  }
  for (let turn = 0; turn < effort.slices; turn++) {
    const slice = (round - 1) * effort.slices + turn;
    const order = [...running];
    order.push(...order.splice(0, turn % Math.max(1, order.length)));
    for (const contestant of order) {
      await attempt(contestant, async () => {
        const sample = await contestant.measure(slice, effort.seconds);
        samples.push(sample);
        progress(contestant.peer, sample);
      });
    }
  }
  for (const contestant of running) await attempt(contestant, () => contestant.leave());
  return { starts, samples, faults };
}

/** An error's first and last line: what was tried, and what a server said last. */
export function oneLine(error: unknown): string {
  const lines = (error as Error).message.split('\n').filter((line) => line.trim() !== '');
  return lines.length < 2 ? lines.join('') : `${lines[0].slice(0, 60)} … ${lines[lines.length - 1]}`;
}
