import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { routePrefixes } from '../cells/routes.ts';
import type { Peer, Task } from './peer.ts';

/** DreamServer with its access log in a file, everything else as it is by default, unless the cell says otherwise. `env`: variables of its environment. */
export const dreamserverOf = (
  repository: string,
  id: string,
  title: string,
  env: Record<string, string> = {},
): Peer => ({
  id,
  title,
  kinds: ['file', 'coded', 'proxy', 'routes', 'file-features', 'proxy-features', 'websocket'],
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
      env,
    };
  },
});

const here = fileURLToPath(new URL('../../', import.meta.url));

export const dreamserver = dreamserverOf(here, 'dreamserver', 'DreamServer');

/** The same once more, with a variable of its environment: NAME=VALUE. */
export function dreamserverWith(assignment: string): Peer {
  const sign = assignment.indexOf('=');
  if (sign < 1) throw new Error(`--with takes NAME=VALUE, not ${assignment}`);
  const env = { [assignment.slice(0, sign)]: assignment.slice(sign + 1) };
  return dreamserverOf(here, 'with', `with ${assignment}`, env);
}

const configuration = (task: Task) => ({
  listeners: [{ address: `127.0.0.1:${task.port}` }],
  upstreams: {
    backend: {
      servers: task.backendPorts.map((port) => `http://127.0.0.1:${port}`),
      ...(task.kind === 'proxy-features' && upstreamFeatures),
    },
  },
  ...(task.kind.endsWith('features') && { defaults: { headers: headerRules(task) } }),
  routes: [
    {
      match: { path: '/proxy/*' },
      proxy: {
        to: 'backend',
        ...(task.kind === 'proxy-features' && { stripPrefix: '/proxy', addPrefix: '/v2/proxy' }),
      },
    },
    ...(task.kind === 'routes' ? routePrefixes : []).map((prefix) => ({
      match: { path: `${prefix}*` },
      proxy: { to: 'backend' },
    })),
    {
      files: {
        root: task.root,
        ...(task.kind === 'coded' && { precompressed: ['gzip'] }),
        ...(task.kind === 'file-features' && fileFeatures),
      },
    },
  ],
  accessLog: { path: task.logFile },
  ...(task.fileCache !== undefined && { fileCache: { size: task.fileCache } }),
  workers: task.workers,
});

/** What a site may want of its upstream: all that decides about servers, and none that fails. */
const upstreamFeatures = {
  sticky: { cookie: 'bench_backend' },
  health: { path: '/health', interval: '1s' },
  eject: { failures: 5 },
  breaker: {},
  maxRequests: 512,
  retry: { attempts: 3, on: ['connect-failure', 'reset', 'timeout'] },
};

/** Compression is on by default; of the payload's type it makes nothing, in no server. */
const fileFeatures = {
  cleanUrls: true,
  errors: { 404: '/404.html' },
  cacheControl: 'public, max-age=3600',
};

const headerRules = ({ kind }: Task) => ({
  request: { set: { 'X-Real-IP': '{client-ip}' }, remove: ['X-Debug'] },
  response: {
    set: {
      'X-Frame-Options': 'DENY',
      'X-Content-Type-Options': 'nosniff',
      ...(kind === 'proxy-features' && { 'Cache-Control': 'no-store' }),
    },
    remove: ['X-Powered-By'],
  },
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
