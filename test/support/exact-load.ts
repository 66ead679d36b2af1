import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RawConnection } from './raw-connection.ts';

/**
 * Kept-alive connections that send exactly as many requests as they are told, each when the answer to the one before is
 * there. Answers are compared by their length alone, so that the client is quick; the first is read strictly.
 */
export class ExactLoad implements Disposable {
  readonly #clients: readonly Client[];

  private constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  /** @throws Error when the request is not answered with 200 */
  static async open(port: number, request: string, connections: number): Promise<ExactLoad> {
    using first = await RawConnection.connect(port);
    await first.send(request);
    const { status } = await first.response();
    if (status !== 200) throw new Error(`answered with ${status}: ${request}`);
    const clients = Array.from({ length: connections }, () => new Client(port, request, first.bytesReceived));
    await Promise.all(clients.map((client) => once(client.socket, 'connect')));
    return new ExactLoad(clients);
  }

  /** Send so many requests, spread over the connections as evenly as it goes; resolves when all are answered. */
  async run(requests: number): Promise<void> {
    const { length } = this.#clients;
    await Promise.all(
      this.#clients.map((client, index) => client.run(Math.floor((requests + index) / length))),
    );
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.#clients) socket.destroy();
  }
}

class Client {
  readonly socket: Socket;
  readonly #request: string;
  readonly #answerLength: number;
  /** Bytes of the present answer that are still to come. */
  #missing = 0;
  #left = 0;
  #run: PromiseWithResolvers<void> | undefined = undefined;

  constructor(port: number, request: string, answerLength: number) {
    this.#request = request;
    this.#answerLength = answerLength;
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (bytes) => this.#received(bytes.length));
    this.socket.on('error', (error) => this.#run?.reject(error));
    this.socket.on('close', () => this.#run?.reject(new Error('the server has closed the connection')));
  }

  run(requests: number): Promise<void> {
    this.#run = Promise.withResolvers<void>();
    this.#left = requests;
    this.#next();
    return this.#run.promise;
  }

  #received(length: number): void {
    this.#missing -= length;
    if (this.#missing < 0) this.#run?.reject(new Error('an answer is longer than the first one'));
    else if (this.#missing === 0) this.#next();
  }

  #next(): void {
    if (this.#left-- <= 0) {
      this.#run?.resolve();
      return;
    }
    this.#missing = this.#answerLength;
    this.socket.write(this.#request, 'latin1');
  }
}
