/**
 * Opens many keep-alive connections, asks once on each, says `ready` when every answer has arrived, and keeps them
 * open until it is told to end. Ends with status 1 when a connection fails or is closed on it.
 *
 *   node idle-clients.ts PORT COUNT REQUEST_IN_BASE64
 *
 * The connections come from 127.0.0.2, 127.0.0.3, …: 5,000 each, so that ephemeral ports suffice.
 */
import { connect } from 'node:net';

const [port, count, request] = process.argv.slice(2);
const bytes = Buffer.from(request, 'base64');
const wanted = Number(count);
const openedAtOnce = 100;
const perAddress = 5000;
const endOfHead = Buffer.from('\r\n\r\n');

function fail(reason: string): void {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

/** Resolves when the whole answer has arrived; the socket stays open, and its close from then on is a failure. */
function askOnce(index: number): Promise<void> {
  return new Promise((resolve) => {
    const localAddress = `127.0.0.${2 + Math.floor(index / perAddress)}`;
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    let received = Buffer.alloc(0);
    socket.on('connect', () => socket.write(bytes));
    socket.on('error', (error) => fail(`connection ${index}: ${error.message}`));
    socket.on('close', () => fail(`connection ${index} was closed by the server`));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const headEnd = received.indexOf(endOfHead) + 4;
      if (headEnd < 4) return;
      const head = received.toString('latin1', 0, headEnd);
      if (!head.startsWith('HTTP/1.1 200')) fail(`connection ${index}: ${head}`);
      const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1]);
      if (received.length < headEnd + length) return;
      received = Buffer.alloc(0);
      resolve();
    });
  });
}

let next = 0;
async function openInTurn(): Promise<void> {
  while (next < wanted) await askOnce(next++);
}

process.once('SIGTERM', () => process.exit(0));
await Promise.all(Array.from({ length: openedAtOnce }, openInTurn));
process.stdout.write('ready\n');
