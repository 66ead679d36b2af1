import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Listens with the shortest queue that the system grants, and then never turns to it. */
const LISTENER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

/** A server whose queue of connections is full, so that connecting to it neither succeeds nor fails. */
export class DeafServer implements AsyncDisposable {
  readonly port: number;
  #worker: Worker;
  #queued: Socket[];

  private constructor(port: number, worker: Worker, queued: Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#queued = queued;
  }

  static async start(): Promise<DeafServer> {
    const worker = new Worker(LISTENER, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    const queued: Socket[] = [];
    // The queue holds one more than was asked for; what is beyond it gets no answer at all.
    for (let count = 0; count < 2; count++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      queued.push(socket);
      await once(socket, 'connect');
    }
    return new DeafServer(port, worker, queued);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#queued) socket.destroy();
    await this.#worker.terminate();
  }
}
