import { fileURLToPath } from 'node:url';

import { isProxied } from '../cells/cell.ts';
import type { Peer } from './peer.ts';

const programs = {
  file: fileURLToPath(new URL('floor/files.ts', import.meta.url)),
  proxy: fileURLToPath(new URL('floor/proxy.ts', import.meta.url)),
};

/**
 * The least that a program in Node.js has to do: DreamServer's own connections, and behind them a look at the bytes that have come,
 * an answer that is ready, and a line of log. No HTTP, nothing that could go wrong. What it costs is what cannot be had for less
 * without leaving Node.js.
 */
export const floor: Peer = {
  id: 'floor',
  title: 'floor',
  kinds: ['file', 'proxy', 'routes'],
  oneWorker: true,
  version: () => process.versions.node,
  launch: (task) => ({
    command: process.execPath,
    args: [
      '--disable-warning=DEP0111',
      isProxied(task.kind) ? programs.proxy : programs.file,
      String(task.port),
      task.logFile,
      ...(isProxied(task.kind) ? task.backendPorts.map(String) : [task.root]),
    ],
  }),
};
