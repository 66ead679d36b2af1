/**
 * Has a bounded heap, and makes objects of which many live for a while; then V8 is told to use as little memory as it can, and
 * all of it comes again. Prints what V8 has set aside for new objects each time, in bytes, as JSON.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { boundHeap } from '../../src/cli/heap.ts';

boundHeap();
const sizes = [await load()];
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: string; flavor: string }) => void;
collect({ type: 'major', flavor: 'last-resort' });
await new Promise(setImmediate);
sizes.push(newSpace(), await load());
process.stdout.write(JSON.stringify(sizes));

async function load(): Promise<number> {
  let alive: { id: number; values: number[] }[] = [];
  // Few at a time, as a server makes them: what bounds the space is told of each collection in the turn that follows.
  for (let turn = 0; turn < 5000; turn++) {
    for (let i = 0; i < 1000; i++) alive.push({ id: i, values: [i] });
    if (alive.length > 300_000) alive = alive.slice(150_000);
    await new Promise(setImmediate);
  }
  return newSpace();
}

function newSpace(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
