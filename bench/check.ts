/**
 * The guard before the load: one request, sent as the very bytes that wrk will send, and its answer compared.
 */
import { connect } from 'node:net';

export interface Answer {
  status: number;
  head: string;
  body: Buffer;
  /** Bytes on the wire, head and framing included. */
  wireBytes: number;
}

/** Sends raw bytes on a new connection and reads one answer (Content-Length or chunked). Rejects after `limitMs`. */
export function exchange(port: number, request: Buffer, limitMs = 10_000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const parts: Buffer[] = [];
    let received = 0;
    let needed = 1;
    const finish = (error: Error | null, answer?: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      if (answer === undefined) reject(error ?? new Error('no answer'));
      else resolve(answer);
    };
    const timer = setTimeout(() => finish(new Error(`no whole answer within ${limitMs} ms`)), limitMs);
    socket.on('error', finish);
    socket.on('end', () => finish(new Error(`connection closed after ${received} bytes`)));
    socket.on('data', (bytes: Buffer) => {
      parts.push(bytes);
      received += bytes.length;
      if (received < needed) return;
      try {
        const answer = readAnswer(Buffer.concat(parts));
        if (typeof answer === 'number') needed = answer;
        else finish(null, answer);
      } catch (error) {
        finish(error as Error);
      }
    });
    socket.write(request);
  });
}

/** Throws when the answer has not this status and exactly this body. Returns it otherwise. */
export async function expectAnswer(
  port: number,
  request: Buffer,
  status: number,
  expected: Buffer,
): Promise<Answer> {
  const answer = await exchange(port, request);
  if (answer.status !== status) throw new Error(`answered ${answer.status} instead of ${status}`);
  if (!answer.body.equals(expected)) {
    throw new Error(`answered ${answer.body.length} bytes that are not the ${expected.length} expected`);
  }
  return answer;
}

/** The same for many requests on one connection, each answered with 200. */
export async function expectBodies(
  port: number,
  questions: Iterable<{ request: Buffer; expected: Buffer }>,
): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (const { request, expected } of questions) {
      socket.write(request);
      let bytes = Buffer.alloc(0);
      let answer: Answer | number = 1;
      while (typeof answer === 'number') {
        const { value, done } = await chunks.next();
        if (done === true) throw new Error('connection closed before the last answer');
        bytes = Buffer.concat([bytes, value]);
        if (bytes.length >= answer) answer = readAnswer(bytes);
      }
      if (answer.status !== 200 || !answer.body.equals(expected)) {
        throw new Error(
          `answered ${answer.status} and ${answer.body.length} bytes for\n${request.toString()}`,
        );
      }
    }
  } finally {
    socket.destroy();
  }
}

/** The entity-tag of an answer. */
export function tagOf({ head }: Answer): string {
  const tag = /^etag: *(.+)\r$/im.exec(head)?.[1];
  if (tag === undefined) throw new Error(`answer without a tag:\n${head}`);
  return tag;
}

/** The cookie that an answer gives its client: name and value. */
export const cookieOf = ({ head }: Answer): string | undefined => /^set-cookie: *([^;\r]+)/im.exec(head)?.[1];

/** The answer, or how many bytes there must be before it is worth looking again. */
function readAnswer(bytes: Buffer): Answer | number {
  const headEnd = bytes.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return bytes.length + 1;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  if (status === 304 || status === 204) return { status, head, body: Buffer.alloc(0), wireBytes: headEnd };
  const length = /^content-length: *(\d+)\r$/im.exec(head);
  if (length !== null) {
    const end = headEnd + Number(length[1]);
    return bytes.length < end ? end : { status, head, body: bytes.subarray(headEnd, end), wireBytes: end };
  }
  if (!/^transfer-encoding: *chunked\r$/im.test(head)) throw new Error(`answer without a length:\n${head}`);
  const parts: Buffer[] = [];
  for (let at = headEnd; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return bytes.length + 1;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return next;
    if (size === 0) return { status, head, body: Buffer.concat(parts), wireBytes: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
