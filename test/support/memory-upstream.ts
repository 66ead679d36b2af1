import { ClientConnection } from '../../src/http1/client-connection.ts';
import type { RequestOrigin } from '../../src/upstream/balance/balancer.ts';
import type { UpstreamOptions } from '../../src/upstream/schema.ts';
import { ServerState } from '../../src/upstream/server-state.ts';
import { ServerPool, type Waiter } from '../../src/upstream/pool.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { Upstreams } from '../../src/upstream/upstreams.ts';
import { MemoryTransport, type MemoryPeer, type Steps } from './memory-transport.ts';

/** The server at the other end of one connection in memory. */
export interface MemoryServer extends MemoryPeer {
  /** The connection stands; what the server sends goes through it. */
  connected(transport: MemoryTransport): void;
}

/** A pool whose connections end in this process: `connect` makes the server of each. */
class MemoryPool extends ServerPool {
  readonly transports: MemoryTransport[] = [];
  readonly #options: UpstreamOptions;
  readonly #steps: Steps;
  readonly #slow: boolean;
  readonly #connect: () => MemoryServer;
  #kept: ClientConnection[] = [];

  constructor(options: UpstreamOptions, steps: Steps, slow: boolean, connect: () => MemoryServer) {
    super(options.servers[0], options, () => {});
    this.#options = options;
    this.#steps = steps;
    this.#slow = slow;
    this.#connect = connect;
  }

  override acquire(waiter: Waiter): { cancel(): void } | undefined {
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      if (!kept.free) continue;
      waiter.connected(kept);
      return undefined;
    }
    return this.acquireNew(waiter);
  }

  override acquireNew(waiter: Waiter): { cancel(): void } {
    let wanted = true;
    this.#steps.later(() => {
      if (!wanted) return;
      const server = this.#connect();
      const connection = new ClientConnection(this, this.#options);
      const transport = new MemoryTransport(this.#steps, connection, server, this.#slow);
      this.transports.push(transport);
      connection.attach(transport);
      server.connected(transport);
      waiter.connected(connection);
    });
    return {
      cancel: () => {
        wanted = false;
      },
    };
  }

  override released(connection: ClientConnection): void {
    this.#kept.push(connection);
  }

  override detached(_connection: ClientConnection): void {}

  override closed(connection: ClientConnection, _wasTunnel: boolean): void {
    this.#kept = this.#kept.filter((each) => each !== connection);
  }
}

class MemoryUpstream extends Upstream {
  readonly #server: ServerState;

  constructor(options: UpstreamOptions, pool: MemoryPool) {
    super(options, () => {});
    this.#server = new ServerState(options.servers[0], pool, options);
  }

  override choose(_origin: RequestOrigin, tried: readonly ServerState[]): ServerState | undefined {
    return tried.includes(this.#server) ? undefined : this.#server;
  }
}

/** One upstream whose servers are in this process; everything above the sockets is the program's own. */
export class MemoryUpstreams extends Upstreams {
  readonly #upstream: MemoryUpstream;
  readonly #pool: MemoryPool;

  constructor(options: UpstreamOptions, steps: Steps, slow: boolean, connect: () => MemoryServer) {
    super([], () => {});
    this.#pool = new MemoryPool(options, steps, slow, connect);
    this.#upstream = new MemoryUpstream(options, this.#pool);
  }

  override get(_name: string): Upstream {
    return this.#upstream;
  }

  /** Every connection since the start, in order. */
  get transports(): readonly MemoryTransport[] {
    return this.#pool.transports;
  }

  /** The servers go away. */
  override close(): void {
    for (const transport of this.#pool.transports) transport.deliverEnd();
  }
}
