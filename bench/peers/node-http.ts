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
  oneWorker: true,
  version: () => process.versions.node,
  launch: (task) => ({
    command: process.execPath,
    args: [
      task.kind === 'proxy' ? programs.proxy : programs.file,
      String(task.port),
      task.logFile,
      ...(task.kind === 'proxy' ? task.backendPorts.map(String) : [task.root]),
    ],
  }),
};
