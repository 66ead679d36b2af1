import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { parseRawRequest } from '../support/parse-raw-request.ts';
import { within } from '../support/until.ts';
import type { ReadMessage } from './reading.ts';

/** Says that an answer is the backend's, and not one of the proxy in front of it. */
export const RECORDED = 'X-Recorded: yes';
const UNREADABLE = 'unreadable:';
const ANSWER = `HTTP/1.1 200 OK\r\n${RECORDED}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

/**
 * A backend behind a proxy under test: it writes down every request that it gets, with its body, and answers it.
 * Each connection serves one.
 */
export class RecordingBackend implements Disposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #messages: (() => ReadMessage)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#record(socket));
  }

  static async start(): Promise<RecordingBackend> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RecordingBackend(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The requests since the last call, in their order, once the proxy has let go of all the connections. */
  async take(): Promise<ReadMessage[]> {
    // A connection that stands already is told of before these turns are over.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    for (const socket of this.#open) {
      const closed = new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
      });
      await within(10_000, 'the proxy lets go', closed);
    }
    const messages = this.#messages.map((read) => read());
    this.#messages = [];
    return messages;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }

  #record(socket: Socket): void {
    let bytes = Buffer.alloc(0);
    let read: (() => ReadMessage) | undefined;
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (read === undefined) {
        if (!bytes.includes('\r\n\r\n')) return;
        read = () => readingOf(bytes);
        this.#messages.push(read);
      }
      const { head, complete } = readingOf(bytes);
      if (complete) socket.end(ANSWER, 'latin1');
      else if (head.startsWith(UNREADABLE)) socket.destroy();
    });
  }
}

function readingOf(bytes: Buffer): ReadMessage {
  try {
    const request = parseRawRequest(bytes, true);
    if (request === undefined) return { head: '', body: '', complete: false };
    const { method, target, body, complete } = request;
    return { head: `${method} ${target}`, body: body.toString('latin1'), complete };
  } catch (error) {
    return { head: `${UNREADABLE} ${(error as Error).message}`, body: '', complete: false };
  }
}
