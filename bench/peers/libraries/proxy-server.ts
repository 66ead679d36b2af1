/** A server around a proxy that is a library: the request id, the log, a backend in turn, connections that are kept. */
import { Agent, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { newId, openLog } from '../node-http/log.ts';

const [port, logFile, ...backendPorts] = process.argv.slice(2);

/** Passes requests on and adds X-Forwarded-For, -Host and -Proto. */
type Proxy = (request: IncomingMessage, response: ServerResponse, target: string) => void;

export function serve(proxyWith: (agent: Agent) => Proxy): void {
  const log = openLog(logFile);
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 });
  const proxy = proxyWith(agent);
  const targets = backendPorts.map((backendPort) => `http://127.0.0.1:${backendPort}`);
  let turn = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const id = newId();
    request.headers['x-request-id'] = id;
    response.on('close', () => {
      const bytes = Number(response.getHeader('content-length') ?? 0);
      log(request, response.statusCode, bytes, id);
    });
    proxy(request, response, targets[turn++ % targets.length]);
  });
  server.listen(Number(port), '127.0.0.1', 4096);
}

export function unreachable(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502).end();
}
