/**
 * Where DreamServer's time goes in a cell of the bench: its CPU profile under that load, and a flame graph of it.
 *
 *     node bench/profile.ts --cells PATTERN [--seconds 3] [--to DIRECTORY]
 *
 * For each cell it writes CELL.cpuprofile, which the developer tools of browsers open, and CELL.html, and prints what the
 * time went into. A profile that is
 * being taken costs time: its shares count, not its figures.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { openArena } from './arena.ts';
import type { Cell } from './cells/cell.ts';
import { frames } from './flame/cpu-profile.ts';
import type { CpuProfile } from './flame/cpu-profile.ts';
import { flamePage } from './flame/flame-page.ts';
import { sharesOf } from './flame/shares.ts';
import { parseOptions } from './options.ts';
import { dreamserver } from './peers/dreamserver.ts';
import type { Peer } from './peers/peer.ts';
import { Contestant } from './sample.ts';
import type { Arena } from './server-under-test.ts';

const { values } = parseArgs({
  options: {
    cells: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    to: { type: 'string', default: 'profiles' },
  },
});
if (values.cells === undefined) throw new Error('--cells PATTERN says in which cells');
const { cells } = parseOptions(['--cells', values.cells]);
const directory = resolve(values.to);
mkdirSync(directory, { recursive: true });
const arena = await openArena(cells);
for (const cell of cells) await profile(cell, arena);
await arena.backends.stop();

async function profile(cell: Cell, where: Arena): Promise<void> {
  let folder = '';
  const profiled: Peer = {
    ...dreamserver,
    launch(task) {
      folder = task.folder;
      const launch = dreamserver.launch(task);
      const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'];
      return { ...launch, args: [...flags, ...launch.args] };
    },
  };
  const contestant = await Contestant.enter(profiled, cell, where);
  await contestant.warmUp(2);
  const from = micros();
  await contestant.measure(0, Number(values.seconds));
  const to = micros();
  await contestant.leave();
  // Each thread has a profile of its own. The one that serves has the most samples that are not idle.
  const seen = globSync('*.cpuprofile', { cwd: folder }).map((name) => {
    const path = join(folder, name);
    return { path, root: frames(JSON.parse(readFileSync(path, 'utf8')) as CpuProfile, from, to) };
  });
  const [busiest] = seen.toSorted((a, b) => b.root.micros - a.root.micros);
  if (busiest === undefined) throw new Error('the server has written no profile');
  const result = join(directory, cell.id);
  copyFileSync(busiest.path, `${result}.cpuprofile`);
  writeFileSync(`${result}.html`, flamePage(`DreamServer, ${cell.title}`, busiest.root));
  console.log(`${result}.html: ${sharesOf(busiest.root)}`);
}

/** The clock that V8 stamps its samples with. */
function micros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
