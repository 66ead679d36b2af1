/**
 * Messages of a WebSocket through DreamServer, nginx and HAProxy: CPU time of the server for a message and its answer.
 *
 *     node bench/websocket.ts [--slices 7] [--seconds 1] [--connections 64]
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { freePort } from '../test/support/ports.ts';
import { openArena } from './arena.ts';
import { usual } from './cells/cell.ts';
import { untilListening } from './listening.ts';
import { cpuBetween, readCpu } from './measure.ts';
import { peers } from './peers/index.ts';
import { start, stop } from './processes.ts';
import { table } from './report.ts';
import { startServer } from './server-under-test.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import { pairedRatio, spread } from './stats.ts';
import type { Spread } from './stats.ts';

const { values } = parseArgs({
  options: {
    slices: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
  },
});
const backendProgram = fileURLToPath(new URL('websocket/backend.ts', import.meta.url));
const clientsProgram = fileURLToPath(new URL('websocket/clients.ts', import.meta.url));
const arena = await openArena([]);
const port = await freePort();
const launch = { command: process.execPath, args: [backendProgram, String(port)] };
const backend = start('WebSocket backend', launch, arena.cores.load);
await untilListening(backend, port);
const ports = { ...arena.backends.ports, content: [port] };
const entrants = peers.filter(({ kinds }) => kinds.includes('websocket'));
const servers = new Map<string, ServerUnderTest>();
const seen = new Map<string, Map<number, number>>();
for (const peer of entrants) {
  const own = { ...arena, backends: { ...arena.backends, ports } };
  servers.set(peer.id, await startServer(peer, { ...usual, kind: 'websocket' }, own));
  seen.set(peer.id, new Map());
}
// The first turn of each is its warm-up.
for (let slice = -1; slice < Number(values.slices); slice++) {
  for (const [id, server] of servers) {
    const micros = await measure(server);
    if (slice >= 0) seen.get(id)?.set(slice, micros);
  }
}
for (const server of servers.values()) await server.stop();
await stop(backend);
await arena.backends.stop();

const lines = entrants.map(({ id, title }) => {
  const own = seen.get(id) as Map<number, number>;
  const ratios = ['nginx', 'haproxy'].map((to) => {
    const ratio = to === id ? null : pairedRatio(own, seen.get(to) ?? new Map());
    return ratio === null ? '' : range(ratio);
  });
  return [title, range(spread([...own.values()])), ...ratios];
});
console.log(table(['', 'CPU µs/message and answer', '÷ nginx', '÷ HAProxy'], lines));

/** CPU microseconds of the server for a message and its answer. */
async function measure(server: ServerUnderTest): Promise<number> {
  const args = [clientsProgram, String(server.port), values.connections, values.seconds];
  const clients = start('WebSocket clients', { command: process.execPath, args }, arena.cores.load);
  const bound = setTimeout(() => clients.child.kill('SIGKILL'), (Number(values.seconds) + 20) * 1000);
  const ended = once(clients.child, 'close');
  await Promise.race([once(clients.child.stdout!, 'data'), ended]);
  const before = readCpu(server.pids());
  clients.child.stdin?.write('\n');
  await ended;
  clearTimeout(bound);
  const cpuNs = cpuBetween(before, readCpu(server.pids()));
  const answered = Number(/^ready\s+(\d+)$/.exec(clients.said())?.[1]);
  if (!(answered > 0)) throw new Error(`WebSocket clients: ${clients.said()}`);
  return cpuNs / 1000 / answered;
}

function range({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
