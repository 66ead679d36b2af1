import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Peer } from './peer.ts';

/** Proxies that others have written for node:http, as packages; what is set up around each is in libraries/. */
export const httpProxy = library('http-proxy');
export const httpxy = library('httpxy');

function library(name: string): Peer {
  const program = fileURLToPath(new URL(`libraries/${name}.ts`, import.meta.url));
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
