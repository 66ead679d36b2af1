import * as net from 'node:net';

/** Who has a turn for longer than this, in milliseconds, or has it again each time, is no server that starts. */
const PATIENCE_MS = 30_000;
const MOST_TRIES = 100;

/** Leave to listen on ports while no other server does. */
export interface StartTurn {
  release(): void;
}

/**
 * Wait until no other server on this machine is about to listen on one of these ports. Several sockets may share a port, so
 * between making sure that nobody has it and listening on it another could do the same. Turns are named by unix sockets
 * without a file, which Linux alone has: they end with their process, and belong to a network as ports do (unix(7)).
 * Elsewhere nobody waits.
 */
export async function startTurn(ports: readonly number[]): Promise<StartTurn> {
  const holds: Hold[] = [];
  if (process.platform === 'linux') {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    // All in one order, so that no two wait for each other.
    for (const port of [...new Set(ports)].toSorted((a, b) => a - b)) {
      const hold = await Hold.of(`\0dreamserver-starts-on-${port}`, patience);
      if (hold !== undefined) holds.push(hold);
    }
  }
  return {
    release() {
      for (const hold of holds) hold.release();
    },
  };
}

/** A name that is ours. Who waits for it is connected to it, and sees the connection end. */
class Hold {
  readonly #server: net.Server;
  readonly #waiting = new Set<net.Socket>();

  private constructor() {
    this.#server = net
      .createServer((socket) => this.#waiting.add(socket.unref().on('error', () => {})))
      .unref();
  }

  /** Undefined when it was not to be had. */
  static async of(path: string, patience: AbortSignal): Promise<Hold | undefined> {
    for (let tries = 0; tries < MOST_TRIES && !patience.aborted; tries++) {
      const hold = new Hold();
      const error = await hold.#listen(path);
      if (error === undefined) return hold;
      if (error.code !== 'EADDRINUSE') return undefined;
      await untilEnd(path, patience);
    }
    return undefined;
  }

  release(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
  }

  #listen(path: string): Promise<NodeJS.ErrnoException | undefined> {
    return new Promise((resolve) => {
      this.#server.once('error', resolve).listen({ path, exclusive: true }, () => resolve(undefined));
    });
  }
}

/** Until whoever has the name lets go of it, or patience is over. */
function untilEnd(path: string, patience: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ path, signal: patience } as net.IpcSocketConnectOpts);
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume();
  });
}
