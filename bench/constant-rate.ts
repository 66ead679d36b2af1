/**
 * A client that asks at a constant rate, whatever the answers do: requests are due at fixed times, spread evenly, and
 * latency counts from when a request was due, also where it had to wait for a connection. A server that stalls is so
 * charged with every request of that time, and not only with those that a client in a closed loop would have sent
 * (coordinated omission).
 *
 *     node constant-rate.ts PORT REQUESTS_A_SECOND CONNECTIONS SECONDS REQUEST_IN_BASE64
 *
 * Prints one line of JSON: { requests, p50, p99, p999, max, late }. Times are in microseconds; `late` is the share of
 * requests that were sent more than a millisecond after they were due and a connection was free: the client's own fault.
 * The first half second counts for nothing: it is the client itself that is compiled then. Ends with status 1 when a
 * connection fails or an answer is not 200.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { percentile } from './stats.ts';

const [port, rate, connections, seconds] = process.argv.slice(2, 6).map(Number);
const bytes = Buffer.from(process.argv[6], 'base64');
const intervalMs = 1000 / rate;
const total = Math.floor(rate * seconds);
/** Requests before the first that counts. */
const uncounted = Math.min(total - 1, Math.floor(rate / 2));
const latencies = new Float64Array(total - uncounted);
let counted = 0;
let sent = 0;
let answered = 0;
let late = 0;
let started = 0;

const due = (index: number): number => started + index * intervalMs;

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

/** Connections that wait for work, the one that has waited longest first. */
const free: Connection[] = [];

class Connection {
  readonly #socket: Socket;
  #request = 0;
  freeSince = 0;
  /** Bytes of the answer that are still to come; the length is the same for all, and known once the first has come. */
  #missing = 0;
  static #length = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('a connection was closed by the server'));
  }

  /** Asks once, to learn how long an answer is. */
  async rehearse(): Promise<void> {
    const answer = new Promise<Buffer>((resolve) => {
      let all = Buffer.alloc(0);
      const listener = (chunk: Buffer) => {
        all = Buffer.concat([all, chunk]);
        const length = wholeLength(all);
        if (length === 0 || all.length < length) return;
        this.#socket.off('data', listener);
        resolve(all);
      };
      this.#socket.on('data', listener);
    });
    this.#missing = Infinity;
    this.#socket.write(bytes);
    Connection.#length = (await answer).length;
    this.#missing = 0;
  }

  send(index: number): void {
    this.#request = index;
    this.#missing = Connection.#length;
    this.#socket.write(bytes);
  }

  #received(chunk: Buffer): void {
    if (this.#missing === Infinity) return;
    // "HTTP/1.1 200": at the first byte of an answer, a look at its status is enough, since its bytes were compared before.
    if (this.#missing === Connection.#length && chunk[9] !== 0x32)
      fail(`answered ${chunk.toString('latin1', 0, 12)}`);
    this.#missing -= chunk.length;
    if (this.#missing > 0) return;
    if (this.#missing < 0) fail('an answer was longer than the first one');
    this.freeSince = performance.now();
    answered++;
    if (this.#request >= uncounted) latencies[counted++] = (this.freeSince - due(this.#request)) * 1000;
    free.push(this);
    if (answered === total) finish();
  }
}

/** Length of the answer that begins here; 0 while its head is not whole. */
function wholeLength(bytesSoFar: Buffer): number {
  const headEnd = bytesSoFar.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return 0;
  const length = /^content-length: *(\d+)\r$/im.exec(bytesSoFar.toString('latin1', 0, headEnd))?.[1];
  return length === undefined ? fail('an answer without a Content-Length') : headEnd + Number(length);
}

/** Sends what is due as far as connections are free, and comes back in the next turn of the event loop. */
function turn(): void {
  const now = performance.now();
  while (sent < total && free.length > 0 && due(sent) <= now) {
    const connection = free.shift() as Connection;
    if (now - Math.max(due(sent), connection.freeSince) > 1) late++;
    connection.send(sent++);
  }
  if (sent < total) setImmediate(turn);
}

function finish(): void {
  const sorted = latencies.toSorted();
  const figures = {
    requests: total,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    p999: percentile(sorted, 99.9),
    max: sorted[sorted.length - 1],
    late: late / total,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

for (let i = 0; i < connections; i++) {
  const socket = connect({ port, host: '127.0.0.1' });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  const connection = new Connection(socket);
  await connection.rehearse();
  free.push(connection);
}
started = performance.now();
turn();
