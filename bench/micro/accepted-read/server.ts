/** The server that bench/micro/accepted-read.ts measures: answers whatever comes with the same kilobyte. */
import { createServer, Socket } from 'node:net';
import type { AddressInfo, SocketConstructorOpts } from 'node:net';

const way = process.argv[2];
const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`;
const shared = Buffer.allocUnsafeSlow(64 * 1024);

const server = createServer({ noDelay: true, pauseOnConnect: way === 'onread' }, (accepted) => {
  if (way === 'events') {
    accepted.on('data', () => accepted.write(answer, 'latin1'));
    accepted.on('error', () => {});
    return;
  }
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  holder._handle = null;
  const onread = {
    buffer: shared,
    callback: () => {
      socket.write(answer, 'latin1');
      return true;
    },
  };
  const socket = new Socket({ handle, onread } as SocketConstructorOpts);
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
