import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { RawConnection } from './raw-connection.ts';
import { within } from './until.ts';

/** A backend that is a bare socket: the test reads what arrives and answers, or does not. */
export class RawBackend implements Disposable {
  /** Connections accepted since the start, in order. */
  readonly connections: RawConnection[] = [];
  #server: Server;
  #taken = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.connections.push(new RawConnection(socket)));
  }

  static async start(): Promise<RawBackend> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RawBackend(server);
  }

  /** The same on a unix socket. */
  static async atPath(path: string): Promise<RawBackend> {
    const server = createServer({ allowHalfOpen: true }).listen(path);
    await once(server, 'listening');
    return new RawBackend(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many requests have arrived, over all connections. */
  get requests(): number {
    return this.connections.reduce(
      (sum, { unread }) => sum + unread.toString('latin1').split(' HTTP/1.1\r\n').length - 1,
      0,
    );
  }

  /** Hears of each connection from now on. */
  onConnection(listener: (connection: RawConnection) => void): void {
    this.#server.on('connection', () => listener(this.connections[this.connections.length - 1]));
  }

  /** The next connection that no call has returned yet. */
  async accept(): Promise<RawConnection> {
    const index = this.#taken++;
    while (this.connections.length <= index) {
      await within(10_000, 'a connection to the backend', once(this.#server, 'connection'));
    }
    return this.connections[index];
  }

  [Symbol.dispose](): void {
    for (const connection of this.connections) connection.close();
    this.#server.close();
  }
}
