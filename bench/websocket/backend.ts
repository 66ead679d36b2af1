/** A server that agrees to WebSocket and answers each message with one of its own. Its argument is the port. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

import { fromClient, fromServer } from './frame.ts';

const server = createServer({ noDelay: true }, (socket) => {
  let head = '';
  let open = false;
  let received = 0;
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    if (!open) {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      open = true;
      return;
    }
    received += bytes.length;
    while (received >= fromClient.length) {
      received -= fromClient.length;
      socket.write(fromServer);
    }
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
