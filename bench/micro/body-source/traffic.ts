/**
 * Upstream and clients of the socket trials, in one process on the other core.
 *
 *   node traffic.ts BODY_BYTES CONNECTIONS
 *
 * Says the upstream's port. Told a proxy's port on standard input, it keeps one request under way on each connection;
 * told `count`, it says how many bodies have arrived whole so far. A byte out of place ends it with status 1.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [bodyBytes, connections] = process.argv.slice(2).map(Number);
const body = Buffer.alloc(bodyBytes, 'abcdefghijklmnopqrstuvwxyz0123456789');
const question = Buffer.from('?');
const memory = Buffer.allocUnsafeSlow(262_144);
let bodies = 0;

const upstream = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(body));
  socket.on('error', () => {});
});

function ask(port: number): void {
  let received = 0;
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: memory,
      callback: (bytes) => {
        // The first and the last byte of each piece say whether it lies where it should.
        if (memory[0] !== body[received] || memory[bytes - 1] !== body[received + bytes - 1]) process.exit(1);
        received += bytes;
        if (received === bodyBytes) {
          bodies++;
          received = 0;
          socket.write(question);
        }
        return true;
      },
    },
  });
  socket.on('connect', () => socket.write(question));
  socket.on('close', () => process.exit(1));
  socket.on('error', () => {});
}

upstream.listen(0, '127.0.0.1', () => {
  const address = upstream.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'count') console.log(bodies);
  else for (let i = 0; i < connections; i++) ask(Number(line));
});
