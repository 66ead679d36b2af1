import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { cellOf } from './cells/index.ts';
import { residentBytes } from './measure.ts';
import type { Peer } from './peers/peer.ts';
import { start, stop } from './processes.ts';
import { startServer } from './server-under-test.ts';
import type { Arena } from './server-under-test.ts';

const clientProgram = fileURLToPath(new URL('idle-clients.ts', import.meta.url));

/** What a peer costs when nothing happens. */
export interface Idle {
  peer: string;
  startupMs: number;
  /** Resident memory of all its processes, started and never asked anything. */
  restBytes: number;
  connections: number;
  /** Growth of resident memory by the open connections, each after one answered request. */
  bytesPerConnection: number;
}

/** Starts the peer, lets `connections` clients ask for 1 KiB once and stay, and looks at its memory. */
export async function measureIdle(peer: Peer, connections: number, arena: Arena): Promise<Idle> {
  const kind = peer.kinds.includes('file') ? 'file' : 'proxy';
  const cell = cellOf(`${kind}-1k`);
  const server = await startServer(peer, cell, arena);
  try {
    const restBytes = await settled(server.pids);
    const request = cell.request(server.authority).toString('base64');
    const clients = start(
      'idle clients',
      { command: process.execPath, args: [clientProgram, String(server.port), String(connections), request] },
      arena.cores.load,
    );
    const bound = setTimeout(() => clients.child.kill('SIGKILL'), 60_000);
    try {
      const ready = await Promise.race([once(clients.child.stdout!, 'data'), once(clients.child, 'close')]);
      if (String(ready[0]).trim() !== 'ready') throw new Error(`idle clients: ${clients.said()}`);
      const fullBytes = await settled(server.pids);
      if (clients.child.exitCode !== null) throw new Error(`idle clients: ${clients.said()}`);
      return {
        peer: peer.id,
        startupMs: server.startupMs,
        restBytes,
        connections,
        bytesPerConnection: (fullBytes - restBytes) / connections,
      };
    } finally {
      clearTimeout(bound);
      await stop(clients);
    }
  } finally {
    await server.stop();
  }
}

/** Resident bytes once five looks, 200 ms apart, differ by less than 1 %; the last look after 5 s in any case. */
async function settled(pids: () => number[]): Promise<number> {
  const looks: number[] = [];
  while (looks.length < 25) {
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    looks.push(residentBytes(pids()));
    const recent = looks.slice(-5);
    if (recent.length === 5 && Math.max(...recent) - Math.min(...recent) < recent[4] / 100) break;
  }
  return looks[looks.length - 1];
}
