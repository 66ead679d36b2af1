import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { Reading, ReadingEnd, ReadMessage } from './reading.ts';

/** A request's method, and the bytes of the answer to it as another reader has delimited them. */
export interface AnswerSlice {
  readonly method: string;
  readonly bytes: Buffer;
}

class ServerEnd extends Duplex {
  isClosed = false;

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, taken: () => void): void {
    taken();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.isClosed = true;
    done();
  }

  // What an agent asks of a socket.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * What node:http's client reads in the answers on one connection, fed slice by slice, each after its request. An answer
 * that is complete for it before the last byte of its slice says `ends early`: its boundaries are others.
 *
 * @param ended whether the server ends the connection behind the last one
 */
export async function readAnswers(slices: readonly AnswerSlice[], ended: boolean): Promise<Reading> {
  const connection = new ServerEnd();
  connection.on('error', () => {});
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => connection;
  const messages: ReadMessage[] = [];
  let end: ReadingEnd = 'open';
  for (const [i, { method, bytes }] of slices.entries()) {
    // It writes methods in capitals, which is another one; and only of HEAD does the method change how an answer ends here.
    const exchange = new NodeExchange(method === 'HEAD' ? 'HEAD' : 'GET', agent);
    await turn();
    connection.push(bytes.subarray(0, -1));
    await turn();
    const early = exchange.isComplete;
    connection.push(bytes.subarray(-1));
    await turn();
    if (!exchange.isComplete && ended && i === slices.length - 1) {
      connection.push(null);
      await turn();
      await turn();
    }
    await turn();
    if (exchange.status !== 0) {
      const head = `${exchange.status}${early ? ' ends early' : ''}`;
      messages.push({ head, body: exchange.body, complete: exchange.isComplete });
    }
    if (exchange.failed) {
      end = 'refused';
      break;
    }
    // It does not use a connection again whose answer to HEAD does not say how the one to GET would be framed.
    if (connection.isClosed || connection.writableEnded) {
      end = 'closed';
      break;
    }
    if (!exchange.isComplete) break;
  }
  connection.destroy();
  agent.destroy();
  await turn();
  return { messages, end };
}

class NodeExchange {
  status = 0;
  body = '';
  failed = false;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined = undefined;

  constructor(method: string, agent: Agent) {
    this.#request = httpRequest({
      agent,
      method,
      host: 'backend.example',
      path: '/',
      maxHeaderSize: 1 << 17,
    });
    this.#request.on('response', (response) => {
      this.#response = response;
      this.status = response.statusCode ?? 0;
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        this.body += text;
      });
      response.on('error', () => {});
    });
    this.#request.on('error', (error: NodeJS.ErrnoException) => {
      // Ended by the server in the middle: no refusal of what has come.
      if (error.code !== 'ECONNRESET') this.failed = true;
    });
    this.#request.end();
  }

  get isComplete(): boolean {
    return this.#response?.complete ?? false;
  }
}
