import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Peer, Task } from './peer.ts';

/** DreamServer with one worker, its access log in a file, everything else as it is by default. */
export const dreamserverOf = (repository: string, id: string, title: string): Peer => ({
  id,
  title,
  kinds: ['file', 'coded', 'proxy'],
  version() {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    const git = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: repository, encoding: 'utf8' });
    const commit = (git.stdout ?? '').trim();
    return `${version} (${commit}, ${entryPoint(repository)}, Node ${process.versions.node})`;
  },
  launch(task) {
    const config = join(task.folder, 'dreamserver.json');
    writeFileSync(config, JSON.stringify(configuration(task)));
    return {
      command: process.execPath,
      args: [join(repository, entryPoint(repository)), 'run', '-c', config],
    };
  },
});

export const dreamserver = dreamserverOf(
  fileURLToPath(new URL('../../', import.meta.url)),
  'dreamserver',
  'DreamServer',
);

const configuration = (task: Task) => ({
  listeners: [{ address: `127.0.0.1:${task.port}` }],
  upstreams: { backend: { servers: task.backendPorts.map((port) => `http://127.0.0.1:${port}`) } },
  routes: [
    { match: { path: '/proxy/*' }, proxy: { to: 'backend' } },
    { files: { root: task.root, ...(task.kind === 'coded' && { precompressed: ['gzip'] }) } },
  ],
  accessLog: { path: task.logFile },
  workers: 1,
});

/** The built package where it is newer than every source file, as users have it; the sources otherwise. */
function entryPoint(repository: string): string {
  const built = 'dist/cli/main.js';
  const source = 'src/cli/main.ts';
  if (!existsSync(join(repository, built))) {
    if (!existsSync(join(repository, source))) throw new Error(`${source} is not there`);
    return source;
  }
  const builtAt = statSync(join(repository, built)).mtimeMs;
  const sources = globSync('src/**/*.ts', { cwd: repository });
  return sources.every((file) => statSync(join(repository, file)).mtimeMs <= builtAt) ? built : source;
}
