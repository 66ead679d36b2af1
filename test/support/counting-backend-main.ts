/** The program of `CountingBackend`: `node counting-backend-main.ts PORT FILE`. `/?ms=800` is answered after 800 ms. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, file] = process.argv.slice(2);

const server = createServer((request, response) => {
  const id = request.headers['x-id'];
  if (id !== undefined) appendFileSync(file, `${String(id)}\n`);
  const ms = /ms=(\d+)$/.exec(request.url ?? '')?.[1];
  request.resume();
  request.on('end', () => {
    if (ms === undefined) response.end('ok');
    else setTimeout(() => response.end('ok'), Number(ms));
  });
});
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => {
  // Connections that are idle are closed, others when they are.
  server.close(() => process.exit(0));
});
