import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Reading, ReadingEnd } from './reading.ts';

/** Turns of the event loop that node:http may take over a stream in memory; it takes two or three. */
const MOST_TURNS = 100;

interface Entry {
  head: string;
  body: string;
  complete: boolean;
}

/** One stream of bytes for node:http, and what it has read of it so far. */
class NodeConnection extends Duplex {
  readonly messages: Entry[] = [];
  end_: ReadingEnd = 'open';
  isClosed = false;

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, taken: () => void): void {
    taken();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.isClosed = true;
    done();
  }
}

/** node:http as a reader of requests: its server, as it comes, with every stream a connection in memory. */
export class NodeServer {
  readonly #server: Server;

  constructor() {
    const options = {
      // What we judge by limits of our own is not to be refused by others there.
      maxHeaderSize: 1 << 17,
      // Whether there is a Host is asked after the message has been read.
      requireHostHeader: false,
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
    };
    this.#server = createServer(options, (request, response) => record(request, response));
    this.#server.on('checkExpectation', record);
    this.#server.on('connect', (request: IncomingMessage, socket: NodeConnection) => {
      const head = `${request.method} ${request.url}`;
      socket.messages.push({ head, body: '', complete: true });
      socket.end_ = 'closed';
      socket.destroy();
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // It would have read on, had there been more.
      const waiting = error.code === 'HPE_INVALID_EOF_STATE' || error.code === 'ECONNRESET';
      if (!waiting) (socket as NodeConnection).end_ = 'refused';
      // What it has read before is handed on only after this.
      setImmediate(() => setImmediate(() => socket.destroy()));
    });
  }

  /** What it reads in these bytes, followed by the end of the stream. */
  async read(bytes: Buffer): Promise<Reading> {
    const connection = new NodeConnection();
    connection.on('error', () => {});
    this.#server.emit('connection', connection);
    connection.push(bytes);
    connection.push(null);
    for (let turn = 0; !connection.isClosed && turn < MOST_TURNS; turn++) {
      await new Promise(setImmediate);
    }
    const { messages, end_: end } = connection;
    connection.destroy();
    return { messages, end };
  }
}

function record(request: IncomingMessage, response: ServerResponse): void {
  const connection = request.socket as unknown as NodeConnection;
  const entry: Entry = { head: `${request.method} ${request.url}`, body: '', complete: false };
  connection.messages.push(entry);
  request.setEncoding('latin1');
  request.on('data', (text: string) => {
    entry.body += text;
  });
  request.on('error', () => {});
  request.on('end', () => {
    entry.complete = true;
    response.end();
  });
  // Behind a message that ends the connection nothing is read. Nor is what came in one read with a request for another
  // protocol that nobody listens for: Node 24 answers it as any other, and drops the rest of that read. Lost is not
  // misread, and our proxy sends nothing behind such a request before it is answered.
  if (!response.shouldKeepAlive || request.headers.upgrade !== undefined) connection.end_ = 'closed';
}
