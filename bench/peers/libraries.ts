import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Peer } from './peer.ts';

/** Proxies that others have written for node:http, as packages; what is set up around each is in libraries/. */
export const httpProxy = library('http-proxy', new URL('libraries/http-proxy.ts', import.meta.url));
export const httpxy = library('httpxy', new URL('libraries/httpxy.ts', import.meta.url));

function library(name: string, file: URL): Peer {
  const program = fileURLToPath(file);
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return {
    id: name,
    title: name,
    kinds: ['proxy'],
    oneWorker: true,
    version: () => (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,
    launch: (task) => ({
      command: process.execPath,
      args: ['--no-deprecation', program, String(task.port), task.logFile, ...task.backendPorts.map(String)],
    }),
  };
}
