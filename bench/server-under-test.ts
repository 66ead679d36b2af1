import { closeSync, createReadStream, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '../test/support/ports.ts';
import type { Backends } from './backend.ts';
import type { Cell } from './cells/cell.ts';
import { untilListening } from './listening.ts';
import { processTree } from './measure.ts';
import type { Peer } from './peers/peer.ts';
import { start, stop } from './processes.ts';
import type { Workspace } from './workspace.ts';

/** Where and with what a run takes place. */
export interface Arena {
  workspace: Workspace;
  backends: Backends;
  /** The core of the server under test, and the one of the load, the backends and the harness. */
  cores: { server: number; load: number };
}

/** One started peer. */
export interface ServerUnderTest {
  port: number;
  authority: string;
  folder: string;
  /** Milliseconds from spawning the process to the first accepted connection. */
  startupMs: number;
  pids: () => number[];
  /** Stops it and counts the lines of its access log. */
  stop(): Promise<number>;
}

export async function startServer(
  peer: Peer,
  {
    kind,
    backend,
    servers,
    workers,
    fileCache,
  }: Pick<Cell, 'kind' | 'backend' | 'servers' | 'workers' | 'fileCache'>,
  arena: Arena,
): Promise<ServerUnderTest> {
  const folder = arena.workspace.folder(peer.id);
  const logFile = join(folder, 'access.log');
  const port = await freePort();
  const launch = peer.launch({
    kind,
    workers,
    fileCache,
    port,
    folder,
    logFile,
    root: arena.workspace.root,
    backendPorts: arena.backends.ports[backend].slice(0, servers),
  });
  const stdout = launch.logsToStdout ? openSync(logFile, 'a') : undefined;
  const begun = performance.now();
  const server = start(peer.title, launch, serverCores(workers, arena), stdout);
  if (stdout !== undefined) closeSync(stdout);
  try {
    await untilListening(server, port);
  } catch (error) {
    await stop(server, 0);
    throw error;
  }
  return {
    port,
    authority: `127.0.0.1:${port}`,
    folder,
    startupMs: performance.now() - begun,
    pids: () => processTree(server.pid),
    async stop() {
      await stop(server);
      return countLines(logFile);
    },
  };
}

/** With two workers it has both cores. */
function serverCores(workers: number, { cores }: Arena): string {
  return workers === 1 ? String(cores.server) : `${cores.server},${cores.load}`;
}

async function countLines(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  let lines = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  }
  return lines;
}
