/** Answers every request with a stream of events, one a second, each of 100 bytes: `node events.ts PORT`. */
import { createServer } from 'node:http';

const event = `data: ${'x'.repeat(92)}\n\n`;
createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(event);
  const timer = setInterval(() => response.write(event), 1000);
  request.on('close', () => clearInterval(timer));
}).listen(Number(process.argv[2]), '127.0.0.1');
