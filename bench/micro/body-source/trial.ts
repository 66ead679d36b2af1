/**
 * One trial, in a process of its own so that no shape is compiled together with another.
 *
 *   node trial.ts STYLE memory|sockets BODY_BYTES SECONDS
 *
 * Says the CPU time in nanoseconds (user and system, all threads) that a relayed body cost this process.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { cpuBetween, readCpu } from '../../measure.ts';
import { endAll, start } from '../../processes.ts';
import { relayInMemory } from './memory.ts';
import { startProxy } from './sockets.ts';
import type { Style } from './styles.ts';

const [styleName, place, bytesText, secondsText] = process.argv.slice(2);
const style = styleName as Style;
const bodyBytes = Number(bytesText);
const seconds = Number(secondsText);
const connections = 32;

async function inMemory(): Promise<number> {
  const chunks: Buffer[] = [];
  for (let left = bodyBytes; left > 0; left -= 65_536) chunks.push(Buffer.alloc(Math.min(left, 65_536)));
  await relayInMemory(style, chunks, seconds);
  const before = readCpu([process.pid]);
  const bodies = await relayInMemory(style, chunks, seconds);
  return cpuBetween(before, readCpu([process.pid])) / bodies;
}

async function betweenSockets(): Promise<number> {
  const program = fileURLToPath(new URL('traffic.ts', import.meta.url));
  const args = [program, String(bodyBytes), String(connections)];
  const traffic = start('traffic', { command: process.execPath, args }, 1);
  traffic.child.once('exit', () => {
    process.stderr.write(`the traffic broke off: ${traffic.said()}\n`);
    process.exit(1);
  });
  const lines = createInterface({ input: traffic.child.stdout! })[Symbol.asyncIterator]();
  const say = (line: string) => traffic.child.stdin!.write(`${line}\n`);
  const hear = async () => Number((await lines.next()).value);

  say(String(await startProxy(style, await hear(), bodyBytes)));
  const counted = async () => {
    say('count');
    return { bodies: await hear(), cpu: readCpu([process.pid]) };
  };
  await wait(seconds);
  const before = await counted();
  await wait(seconds);
  const after = await counted();
  return cpuBetween(before.cpu, after.cpu) / (after.bodies - before.bodies);
}

const wait = (s: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, s * 1000);
  });

process.once('exit', endAll);
console.log(String(await (place === 'memory' ? inMemory() : betweenSockets())));
process.exit(0);
