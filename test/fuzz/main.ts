/*
 * The fuzzer: `npm run fuzz -- [OPTION…]`. See README.md in this folder.
 *
 *   --seconds S       how long; default 60
 *   --executions N    stop after so many inputs, too
 *   --seed N          the same seed and corpus make the same inputs; random without
 *   --replay FILE     examine this one file; its name says whose messages it holds (`response-…`, else requests)
 *   --coverage        look also for blocks of the program that have not run before; takes nearly three times the time
 *   --keep            write inputs that came to something new into corpus/
 *
 * Exit code 0: nothing found. 1: findings, written to findings/ as small as they could be made.
 */
import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { visible } from '../differential/reading.ts';
import { findingsFolder, keepInput } from './corpus.ts';
import { InputBoard } from './input-board.ts';
import { parseOptions } from './options.ts';

/** Seconds after which an input that is still examined is taken for one that never will be. */
const PATIENCE = 20;

const options = parseOptions(process.argv.slice(2));
const board = new InputBoard();
const worker = new Worker(new URL('run.ts', import.meta.url), {
  workerData: { options, buffer: board.buffer },
});

let count = -1;
let since = 0;
const watch = setInterval(() => {
  since = board.count === count ? since + 1 : 0;
  count = board.count;
  if (since >= PATIENCE) hangs();
}, 1000);

worker.on('error', (error) => {
  console.error(error);
  process.exitCode = 1;
});
worker.on('exit', (code) => {
  clearInterval(watch);
  process.exitCode ??= code;
});

/** A loop without end, of which only another thread can tell. */
function hangs(): void {
  const input = board.read();
  const file = relative(process.cwd(), keepInput(findingsFolder, input));
  console.log(`\nFINDING hang: still at work after ${PATIENCE} s`);
  console.log(`${visible(input.bytes)}\nagain: npm run fuzz -- --replay ${file}`);
  process.exitCode = 1;
  void worker.terminate();
}
