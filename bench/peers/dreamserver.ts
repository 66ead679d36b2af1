import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Peer, Task } from './peer.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** DreamServer with one worker, its access log in a file, everything else as it is by default. */
export const dreamserver: Peer = {
  id: 'dreamserver',
  title: 'DreamServer',
  kinds: ['file', 'coded', 'proxy'],
  version() {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      version: string;
    };
    const git = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: repository, encoding: 'utf8' });
    return `${version} (${(git.stdout ?? '').trim()}, ${entryPoint()}, Node ${process.versions.node})`;
  },
  launch(task) {
    const config = join(task.folder, 'dreamserver.json');
    writeFileSync(config, JSON.stringify(configuration(task)));
    return { command: process.execPath, args: [join(repository, entryPoint()), 'run', '-c', config] };
  },
};

const configuration = (task: Task) => ({
  listeners: [{ address: `127.0.0.1:${task.port}` }],
  upstreams: { backend: { servers: task.backendPorts.map((port) => `http://127.0.0.1:${port}`) } },
  routes: [
    { match: { path: '/proxy/*' }, proxy: { to: 'backend' } },
    { match: { path: '/coded/*' }, files: { root: task.root, precompressed: ['gzip'] } },
    { files: { root: task.root } },
  ],
  accessLog: { path: task.logFile },
  workers: 1,
});

/** The built package where it is newer than every source file, as users have it; the sources otherwise. */
function entryPoint(): string {
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
