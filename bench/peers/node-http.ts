import { fileURLToPath } from 'node:url';

import type { Peer } from './peer.ts';

const programs = {
  file: fileURLToPath(new URL('node-http/static-server.ts', import.meta.url)),
  proxy: fileURLToPath(new URL('node-http/proxy-server.ts', import.meta.url)),
};

/** What one writes with node:http itself: a static file server and a proxy, each a small program of its own. */
export const nodeHttp: Peer = {
  id: 'node-http',
  title: 'node:http',
  kinds: ['file', 'proxy'],
  version: () => process.versions.node,
  launch: (task) => ({
    command: process.execPath,
    args: [
      programs[task.kind],
      String(task.port),
      task.logFile,
      ...(task.kind === 'file' ? [task.root] : task.backendPorts.map(String)),
    ],
  }),
};
