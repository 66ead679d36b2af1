import * as net from 'node:net';
import { UNIX_PEER } from '../core/peer.ts';
import { HandleTransport } from './handle-transport.ts';
import { SocketTransport } from './socket-transport.ts';
import { streamBase } from './stream-handle.ts';
import type { StreamHandle } from './stream-handle.ts';
import type { OpenTransport } from './transport.ts';

/** Where to listen: a TCP port, on one address or on all, or a unix socket's path. */
export interface ListenTarget {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
}

/** A listening socket of this thread. */
export class Listener {
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /**
   * Open a listening socket. `accept` gets each connection, and opens or destroys it before it returns.
   * With `reusePort` several threads may listen on one port, and the system spreads connections over them.
   * Rejects with the system's error (EADDRINUSE, EACCES …).
   */
  static open(
    target: ListenTarget,
    reusePort: boolean,
    accept: (transport: OpenTransport) => void,
  ): Promise<Listener> {
    const arrived = (transport: OpenTransport): void => {
      // Who has left already has no address any more: what it sent is nobody's, and is not answered in anybody's name.
      if (target.path === undefined && transport.peer.address === UNIX_PEER) transport.destroy();
      else accept(transport);
    };
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    const server = net.createServer(options, (socket) => arrived(SocketTransport.accepted(socket)));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...target, backlog: 4096, reusePort }, () => {
        server.off('error', reject);
        acceptHandles(server, arrived);
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

/** Let connections come as handles where that can be had, without a `net.Socket` for each (docs/decisions/0011). */
function acceptHandles(server: net.Server, arrived: (transport: OpenTransport) => void): void {
  const { _handle: listening } = server as unknown as {
    _handle?: { onconnection?: (error: number, handle: StreamHandle | undefined) => void };
  };
  const sockets = listening?.onconnection;
  if (streamBase === undefined || listening === undefined || typeof sockets !== 'function') return;
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) return sockets.call(listening, error, handle);
    handle.setNoDelay?.(true);
    arrived(new HandleTransport(handle));
  };
}
