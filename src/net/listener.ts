import { randomUUID } from 'node:crypto';
import { linkSync, lstatSync, rmSync, type Stats, unlinkSync } from 'node:fs';
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

/**
 * Of a listening socket libuv accepts one connection in each turn of the event loop, however many wait, and with many busy
 * connections a turn takes long: at a thousand, who came new waited for seconds. With so many sockets on a port, as many
 * come in with each turn.
 */
export const SOCKETS_PER_PORT = 8;

type Accept = (transport: OpenTransport) => void;

/** Listens on one address for this thread. */
export class Listener {
  /** Connections that were taken from the system's queue so far, also those that had gone already, or could not be had. */
  taken = 0;
  readonly #servers: net.Server[] = [];
  #name: SocketName | undefined;

  private constructor() {}

  /**
   * Open listening sockets. `accept` gets each connection, and opens or destroys it before it returns.
   * With `reusePort` several threads may listen on one port, and the system spreads connections over them; a thread has
   * several sockets then.
   * Rejects with the system's error (EADDRINUSE, EACCES …).
   */
  static async open(target: ListenTarget, reusePort: boolean, accept: Accept): Promise<Listener> {
    const listener = new Listener();
    const servers = listener.#servers;
    const taking = (): void => void listener.taken++;
    if (target.path !== undefined && process.platform !== 'win32') {
      const named = await listenByName(target.path, accept, taking);
      if (named !== undefined) {
        servers.push(named.server);
        listener.#name = named.name;
        return listener;
      }
    }
    servers.push(await listen(target, reusePort, accept, taking));
    const { port } = listener;
    if (!reusePort || port === undefined) return listener;
    // A name may stand for other addresses the next time.
    const isName = target.host !== undefined && net.isIP(target.host) === 0;
    const { address } = servers[0].address() as net.AddressInfo;
    const same = { ...target, port, host: isName ? address : target.host };
    try {
      while (servers.length < SOCKETS_PER_PORT) servers.push(await listen(same, reusePort, accept, taking));
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
  }

  /** The port that was bound, of interest where 0 was asked for; undefined for a unix socket. */
  get port(): number | undefined {
    const address = this.#servers[0].address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  }

  /** Accept no more. Connections already accepted go on. */
  close(): void {
    this.#name?.remove();
    this.#name = undefined;
    for (const server of this.#servers) server.close();
  }
}

/** The name of a socket in the file system, which others may give to a socket of their own. */
class SocketName {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number;

  constructor(path: string, { dev, ino }: Stats) {
    this.#path = path;
    this.#dev = dev;
    this.#ino = ino;
  }

  /** Remove it, as long as the socket is open and it leads there. */
  remove(): void {
    try {
      const { dev, ino } = lstatSync(this.#path);
      if (dev === this.#dev && ino === this.#ino) unlinkSync(this.#path);
    } catch {
      // Removed already, or not to be removed by us: the next server that starts sees that nobody listens there.
    }
  }
}

/**
 * Listen on a unix socket. When it is closed libuv removes whatever lies by then at the path that was bound, which may be the
 * socket of a successor: so that path is another one, beside it, which is gone as soon as the socket has its name. As with
 * binding, the name is only taken where nothing has it. Undefined where that cannot be done: the name is taken, too long for
 * what is added to it, or the file system knows no links.
 */
async function listenByName(
  path: string,
  accept: Accept,
  taking: () => void,
): Promise<{ server: net.Server; name: SocketName } | undefined> {
  const bound = `${path}.${randomUUID().slice(0, 4)}`;
  let server: net.Server | undefined;
  try {
    server = await listen({ path: bound }, false, accept, taking);
    const name = new SocketName(path, lstatSync(bound));
    linkSync(bound, path);
    rmSync(bound, { force: true });
    return { server, name };
  } catch {
    server?.close();
    return undefined;
  }
}

function listen(
  target: ListenTarget,
  reusePort: boolean,
  accept: Accept,
  taking: () => void,
): Promise<net.Server> {
  const arrived = (transport: OpenTransport): void => {
    taking();
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
      acceptHandles(server, arrived, taking);
      // Running out of descriptors while accepting is reported here; the server goes on with the connections it has.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

/** What of a listening handle of Node's is used here; undocumented, so it may not be there. */
interface ListeningHandle {
  onconnection?: (error: number, handle: StreamHandle | undefined) => void;
  setNoDelay?: (on: boolean) => number;
}

/** Let connections come as handles where that can be had, without a `net.Socket` for each (docs/decisions/0011). */
function acceptHandles(server: net.Server, arrived: Accept, taking: () => void): void {
  const { _handle: listening } = server as unknown as {
    _handle?: ListeningHandle;
  };
  const sockets = listening?.onconnection;
  if (streamBase === undefined || listening === undefined || typeof sockets !== 'function') return;
  // On Linux a connection has what the socket has that it was accepted from (tcp(7)): one call less for each.
  const inherits = process.platform === 'linux' && listening.setNoDelay?.(true) === 0;
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) {
      taking();
      return sockets.call(listening, error, handle);
    }
    if (!inherits) handle.setNoDelay?.(true);
    arrived(new HandleTransport(handle));
  };
}
