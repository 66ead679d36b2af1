/**
 * Clients that send a message, wait for the answer, and send the next, each on a WebSocket of its own.
 *
 *     node clients.ts PORT COUNT SECONDS
 *
 * Prints `ready` once all are open, waits for a line, and prints how many messages were answered in so many seconds.
 */
import { connect } from 'node:net';

import { fromClient, fromServer } from './frame.ts';

const [port, count, seconds] = process.argv.slice(2).map(Number);
const handshake = `GET /proxy/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
let answered = 0;
let over = false;

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

/** Resolves to what sends the first message. */
function open(): Promise<() => void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let head = '';
    let received = -1;
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('a connection was closed'));
    socket.on('data', (bytes: Buffer) => {
      if (received < 0) {
        head += bytes.toString('latin1');
        if (!head.endsWith('\r\n\r\n')) return;
        if (!head.startsWith('HTTP/1.1 101')) fail(head);
        received = 0;
        resolve(() => socket.write(fromClient));
        return;
      }
      received += bytes.length;
      if (received < fromServer.length) return;
      received -= fromServer.length;
      answered++;
      if (!over) socket.write(fromClient);
    });
    socket.write(handshake);
  });
}

const begin = await Promise.all(Array.from({ length: count }, open));
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  for (const send of begin) send();
  setTimeout(() => {
    over = true;
    process.stdout.write(`${answered}\n`, () => process.exit(0));
  }, seconds * 1000);
});
