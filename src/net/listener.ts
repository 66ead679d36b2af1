import * as net from 'node:net';

/** Where to listen: a TCP port, on one address or on all, or a unix socket's path. */
export interface ListenTarget {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
}

/** A connection that was accepted and not read from: `SocketTransport.accepted` takes it over. */
export type AcceptedSocket = net.Socket;

/** A listening socket of this thread. */
export class Listener {
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /**
   * Open a listening socket. `accept` gets each connection unread; it makes a `SocketTransport` of it.
   * With `reusePort` several threads may listen on one port, and the system spreads connections over them.
   * Rejects with the system's error (EADDRINUSE, EACCES …).
   */
  static open(
    target: ListenTarget,
    reusePort: boolean,
    accept: (socket: AcceptedSocket) => void,
  ): Promise<Listener> {
    const onTcp = target.path === undefined;
    const server = net.createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (socket) => {
        // Who has left already has no address any more: what it sent is nobody's, and is not answered in anybody's name.
        if (onTcp && socket.remoteAddress === undefined) socket.destroy();
        else accept(socket);
      },
    );
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...target, backlog: 4096, reusePort }, () => {
        server.off('error', reject);
        // Running out of descriptors while accepting is reported here; the server goes on with the connections it has.
        server.on('error', () => {});
        resolve(new Listener(server));
      });
    });
  }

  /** The port that was bound, of interest where 0 was asked for; undefined for a unix socket. */
  get port(): number | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  }

  /** Accept no more. Connections already accepted go on. */
  close(): void {
    this.#server.close();
  }
}
