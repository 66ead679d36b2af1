import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

import { startBackends } from './backend.ts';
import type { Cell } from './cells/cell.ts';
import { claimMachine } from './exclusive.ts';
import { endAll } from './processes.ts';
import type { Arena } from './server-under-test.ts';
import { openWorkspace } from './workspace.ts';

const cores = { server: 0, load: 1 };

/** Takes the machine for this process: files to serve, backends that run. All of it is gone when the process ends. */
export async function openArena(cells: readonly Cell[]): Promise<Arena> {
  requireTools();
  await claimMachine();
  const workspace = openWorkspace(cells.flatMap(({ many }) => many ?? []));
  process.once('exit', () => {
    endAll();
    workspace.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  // The harness itself keeps off the server's core.
  spawnSync('taskset', ['-a', '-p', '-c', String(cores.load), String(process.pid)]);
  return { workspace, backends: await startBackends(workspace, cores.load), cores };
}

function requireTools(): void {
  if (process.platform !== 'linux')
    throw new Error('the bench reads /proc and pins processes to cores: Linux only');
  if (availableParallelism() < 2)
    throw new Error('the bench needs two cores: one for the server, one for the load');
  for (const [tool, debianPackage] of Object.entries({ taskset: 'util-linux', wrk: 'wrk' })) {
    if (spawnSync(tool, ['--version']).error)
      throw new Error(`${tool} is missing (Debian package ${debianPackage})`);
  }
}
