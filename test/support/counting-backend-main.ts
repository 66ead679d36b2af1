/** The program of `CountingBackend`: `node counting-backend-main.ts PORT FILE`. `/?ms=800` is answered after 800 ms. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, file] = process.argv.slice(2);

let leaving = false;
const server = createServer((request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
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
  // Connections that are idle are closed, others with their next answer: under load they may never be idle.
  leaving = true;
  server.close(() => process.exit(0));
});
