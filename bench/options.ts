import { parseArgs } from 'node:util';

import type { Cell } from './cells/cell.ts';
import { cells } from './cells/index.ts';
import { dreamserverOf, dreamserverWith } from './peers/dreamserver.ts';
import { floor } from './peers/floor.ts';
import { peers } from './peers/index.ts';
import type { Peer } from './peers/peer.ts';
import type { Effort } from './contest.ts';

export const usage = `node bench/run.ts [options]

  --quick          DreamServer, nginx and HAProxy in the four main cells: under 3 minutes
  --cells PATTERN  only cells whose id matches this regular expression
  --peers LIST     only these, in every cell that they can; comma separated:
                   ${peers.map((peer) => peer.id).join(',')}
  --floor          "floor" takes part too: the least that a program in Node.js has to do
  --before DIR     another checkout of DreamServer takes part, as "before"
  --with NAME=VALUE  this one takes part once more, with that in its environment,
                   such as NODE_OPTIONS=--max-semi-space-size=4
  --rounds N       rounds; each starts every server anew in every cell  (1)
  --slices N       how often each is measured in each round             (7)
  --seconds S      seconds that a slice takes, whole                    (1)
  --warmup S       least seconds of load before the first slice, whole;
                   on, to 6 at most, while the server still gets faster (2)
  --idle N         idle connections for the memory figure; 0 skips it    (10000)
  --json FILE      write the JSON there too
  --write          write bench/RESULTS.md and bench/results.json also from a run with other options
  --list           print the cells and the peers

A run with no option but --json writes bench/RESULTS.md and bench/results.json.`;

const mainCells = '^(file-1k|file-100k|proxy-1k|proxy-post-64k)$';
const mainPeers = 'dreamserver,nginx,haproxy';

export interface Options {
  cells: readonly Cell[];
  peers: readonly Peer[];
  rounds: number;
  effort: Effort;
  idleConnections: number;
  json: string | null;
  write: boolean;
  list: boolean;
}

/** Throws an Error with one line for whoever typed the options. */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      cells: { type: 'string' },
      peers: { type: 'string' },
      floor: { type: 'boolean', default: false },
      before: { type: 'string' },
      with: { type: 'string' },
      rounds: { type: 'string' },
      slices: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      idle: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const usual = values.quick ? { slices: 6, warmup: 2 } : { slices: 7, warmup: 2 };
  const plain = Object.entries(values).every(([name, value]) => name === 'json' || value === false);
  return {
    cells: chosenCells(values.cells ?? (values.quick ? mainCells : undefined)).map((cell) =>
      // Who is named takes part in whatever it can.
      values.peers === undefined ? cell : { ...cell, field: 'all' },
    ),
    peers: [
      ...chosenPeers(values.peers ?? (values.quick ? mainPeers : undefined)),
      ...(values.floor ? [floor] : []),
      ...(values.before === undefined ? [] : [dreamserverOf(values.before, 'before', 'before')]),
      ...(values.with === undefined ? [] : [dreamserverWith(values.with)]),
    ],
    rounds: whole('--rounds', values.rounds, 1, 1, 50),
    effort: {
      warmup: whole('--warmup', values.warmup, usual.warmup, 1, 60),
      slices: whole('--slices', values.slices, usual.slices, 1, 100),
      seconds: whole('--seconds', values.seconds, 1, 1, 60),
    },
    idleConnections: whole('--idle', values.idle, values.quick ? 1000 : 10_000, 0, 15_000),
    json: values.json ?? null,
    write: values.write || plain,
    list: values.list,
  };
}

function chosenCells(pattern: string | undefined): readonly Cell[] {
  if (pattern === undefined) return cells;
  const wanted = new RegExp(pattern);
  const chosen = cells.filter((cell) => wanted.test(cell.id));
  if (chosen.length === 0) throw new Error(`--cells ${pattern} matches no cell; --list shows them`);
  return chosen;
}

function chosenPeers(list: string | undefined): readonly Peer[] {
  if (list === undefined) return peers;
  const ids = list.split(',');
  const unknown = ids.find((id) => !peers.some((peer) => peer.id === id));
  if (unknown !== undefined) throw new Error(`--peers: there is no ${unknown}; --list shows them`);
  return peers.filter((peer) => ids.includes(peer.id));
}

function whole(flag: string, text: string | undefined, usual: number, least: number, most: number): number {
  const value = text === undefined ? usual : Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${flag} takes a whole number from ${least} to ${most}, not ${text}`);
  }
  return value;
}
