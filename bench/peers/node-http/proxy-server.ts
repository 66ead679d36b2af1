/** A reverse proxy on node:http: a keep-alive agent and two pipes. */
import { Agent, createServer, request as connect } from 'node:http';

import { newId, openLog } from './log.ts';

const [port, logFile, ...backendPorts] = process.argv.slice(2);
let turn = 0;
const log = openLog(logFile);
const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 });

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const id = newId();
  const { connection: _hopByHop, ...headers } = request.headers;
  headers['x-forwarded-for'] = request.socket.remoteAddress;
  headers['x-forwarded-host'] = request.headers.host;
  headers['x-forwarded-proto'] = 'http';
  headers['x-request-id'] = id;
  let bytes = 0;
  response.on('close', () => log(request, response.statusCode, bytes, id));
  const upstream = connect(
    {
      agent,
      host: '127.0.0.1',
      port: Number(backendPorts[turn++ % backendPorts.length]),
      method: request.method,
      path: request.url,
      headers,
    },
    (answer) => {
      const { connection: _connection, 'keep-alive': _keepAlive, ...fields } = answer.headers;
      bytes = Number(answer.headers['content-length'] ?? 0);
      response.writeHead(answer.statusCode ?? 502, fields);
      answer.pipe(response);
    },
  );
  upstream.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  if (request.method === 'GET' || request.method === 'HEAD') upstream.end();
  else request.pipe(upstream);
});
server.listen(Number(port), '127.0.0.1', 4096);
