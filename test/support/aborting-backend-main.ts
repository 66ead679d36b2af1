/**
 * The program of `AbortingBackend`: `node aborting-backend-main.ts PORT SEED`. It answers one request after the other in one
 * of many ways, most of them right; in the others it leaves at some moment. What is asked for below `/held` it keeps until
 * `/release` is asked for, and both of them, and `/count`, are answered with how many it keeps.
 */
import { createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../fuzz/random.ts';

const [port, seed] = process.argv.slice(2).map(Number);
const random = new Random(seed);
const held = new Set<Socket>();

const BIG = Buffer.alloc(200_000, 'b');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKS = ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n', '0\r\n\r\n'];

type Way = (socket: Socket) => Promise<void> | void;

const leave = (socket: Socket): void => {
  if (random.once(2)) socket.resetAndDestroy();
  else socket.destroy();
};

async function answerInPieces(socket: Socket): Promise<void> {
  for (const chunk of CHUNKS) {
    socket.write(chunk);
    await pause(random.below(3));
  }
}

function answerBig(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`);
  socket.write(BIG);
}

/** Ways to leave in the middle: after so much of an answer, at once or a little later. */
async function abort(socket: Socket): Promise<void> {
  const length = random.pick([0, 0, 9, CHUNKS[0].length, CHUNKS[0].length + 5]);
  if (length > 0) socket.write(CHUNKS.join('').slice(0, length));
  if (random.once(2)) await pause(random.below(10));
  leave(socket);
}

function abortBig(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`);
  socket.write(BIG.subarray(0, random.below(BIG.length)), () => leave(socket));
}

/** As servers do whose time for idle connections is up. */
async function answerAndLeave(socket: Socket): Promise<void> {
  socket.write(OK);
  await pause(random.below(5));
  socket.end();
}

const WAYS: readonly Way[] = [
  ...Array.from({ length: 14 }, () => (socket: Socket) => void socket.write(OK)),
  answerInPieces,
  answerBig,
  abort,
  abort,
  abortBig,
  answerAndLeave,
];

async function answer(target: string, socket: Socket): Promise<void> {
  if (target.startsWith('/held')) {
    held.add(socket);
    return;
  }
  if (target === '/release' || target === '/count') {
    const count = String(held.size);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${count.length}\r\n\r\n${count}`);
    if (target === '/count') return;
    for (const waiting of held) waiting.write(OK);
    held.clear();
    return;
  }
  await random.pick(WAYS)(socket);
}

const END = Buffer.from('\r\n\r\n');

/** The first request of these bytes and where it ends; undefined while it is not whole. */
function firstRequest(bytes: Buffer): { target: string; end: number } | undefined {
  const headEnd = bytes.indexOf(END);
  if (headEnd === -1) return undefined;
  const text = bytes.toString('latin1', 0, headEnd);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
  const end = headEnd + END.length + length;
  return bytes.length < end ? undefined : { target: text.split(' ')[1], end };
}

const server = createServer((socket) => {
  let unread: Buffer = Buffer.alloc(0);
  let busy = false;
  const go = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let next = firstRequest(unread); next !== undefined; next = firstRequest(unread)) {
      unread = unread.subarray(next.end);
      await answer(next.target, socket);
    }
    busy = false;
  };
  socket.on('error', () => {});
  socket.on('close', () => held.delete(socket));
  socket.on('data', (bytes) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    void go();
    // In the middle of a body, too.
    if (busy || unread.length < 1000 || !random.once(20)) return;
    leave(socket);
  });
});
server.listen(port, '127.0.0.1', 1024);
