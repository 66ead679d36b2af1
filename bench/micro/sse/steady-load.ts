/**
 * Asks for the same thing at a fixed rate, and tells how long each answer took from the moment that it was due to be asked
 * for: who must wait for a connection because the server is slow has waited too (coordinated omission).
 *
 *     node steady-load.ts PORT REQUEST_FILE CONNECTIONS RATE SECONDS
 *
 * Requests are due in batches, one each time that the clock of the event loop comes round, every millisecond or two.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

const [port, requestFile, connections, rate, seconds] = process.argv.slice(2);
const request = readFileSync(requestFile);

const free: Socket[] = [];
/** When the requests were due that wait for a connection. */
const waiting: number[] = [];
const latencies: number[] = [];
let answerLength = 0;
let answered = 0;
/** For so many milliseconds this program itself is compiled; they count for nothing. */
const WARM_UP = 500;

function send(socket: Socket, due: number): void {
  let missing = answerLength;
  socket.write(request);
  socket.removeAllListeners('data');
  socket.on('data', (bytes: Buffer) => {
    if (missing === 0) missing = answerLength = lengthOf(bytes);
    missing -= bytes.length;
    if (missing > 0) return;
    if (due - begun > WARM_UP) latencies.push(performance.now() - due);
    answered++;
    const next = waiting.shift();
    if (next === undefined) free.push(socket);
    else send(socket, next);
  });
}

/** Of an answer whose head is here: all of them are of the same length. */
function lengthOf(bytes: Buffer): number {
  const head = bytes.toString('latin1');
  const end = head.indexOf('\r\n\r\n');
  const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || end === -1 || length === undefined)
    throw new Error(`answered: ${head}`);
  return end + 4 + Number(length);
}

for (let i = 0; i < Number(connections); i++) {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
  socket.on('close', () => {
    throw new Error('a connection was closed');
  });
  await new Promise((resolve) => {
    socket.once('connect', resolve);
  });
  free.push(socket);
}

const begun = performance.now();
let asked = 0;
const ticking = setInterval(() => {
  const now = performance.now();
  const due = Math.min(Number(seconds), (now - begun) / 1000) * Number(rate);
  for (; asked < due; asked++) {
    const socket = free.shift();
    if (socket === undefined) waiting.push(now);
    else send(socket, now);
  }
  if (now - begun < Number(seconds) * 1000) return;
  if (free.length < Number(connections) && now - begun < Number(seconds) * 1000 + 5000) return;
  clearInterval(ticking);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(1000 * latencies[Math.floor(share * (latencies.length - 1))]);
  console.log(JSON.stringify({ asked, answered, p50: at(0.5), p99: at(0.99), max: at(1) }));
  process.exit(0);
}, 1);
