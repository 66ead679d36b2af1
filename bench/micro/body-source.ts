/**
 * Which shape should the source of a message body have: push, pull, or an async iterator? Relays a body of 1 KiB (one
 * chunk) and of 1 MiB (chunks of 64 KiB) through each, in memory and between two TCP sockets, and prints the CPU time
 * of a relayed body. The rounds are interleaved; every trial is a process of its own, pinned to core 0.
 *
 *   node bench/micro/body-source.ts [--rounds N] [--seconds S]
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { endAll, start } from '../processes.ts';
import { pairedRatio, spread } from '../stats.ts';
import { styles } from './body-source/styles.ts';
import type { Style } from './body-source/styles.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } },
});
const rounds = Number(values.rounds);
const program = fileURLToPath(new URL('body-source/trial.ts', import.meta.url));
const settings = [
  { title: 'memory, 1 KiB', place: 'memory', bytes: 1024 },
  { title: 'memory, 1 MiB', place: 'memory', bytes: 1024 * 1024 },
  { title: 'sockets, 1 KiB', place: 'sockets', bytes: 1024 },
  { title: 'sockets, 1 MiB', place: 'sockets', bytes: 1024 * 1024 },
];

async function trial(style: Style, place: string, bytes: number): Promise<number> {
  const args = [program, style, place, String(bytes), values.seconds];
  const running = start(`${style} ${place}`, { command: process.execPath, args }, 0);
  const bound = setTimeout(() => running.child.kill('SIGTERM'), (Number(values.seconds) * 2 + 10) * 1000);
  await once(running.child, 'close');
  clearTimeout(bound);
  const ns = Number(running.said());
  if (!(ns > 0)) throw new Error(`${running.name}: ${running.said()}`);
  return ns;
}

process.once('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

console.log(
  'CPU per relayed body: median (lowest–highest), and the median of the ratios to push in the same round\n',
);
for (const { title, place, bytes } of settings) {
  const seen = new Map<Style, Map<number, number>>(styles.map((style) => [style, new Map()]));
  for (let round = 1; round <= rounds; round++) {
    for (const style of styles) seen.get(style)!.set(round, await trial(style, place, bytes));
  }
  for (const style of styles) {
    const { median, low, high } = spread([...seen.get(style)!.values()]);
    const ratio = pairedRatio(seen.get(style)!, seen.get('push')!)!;
    const figures = `${median.toFixed(0)} ns (${low.toFixed(0)}–${high.toFixed(0)})`;
    const relative = `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`;
    console.log(`${title.padEnd(16)} ${style.padEnd(10)} ${figures.padStart(34)}   ${relative.padStart(18)}`);
  }
}
