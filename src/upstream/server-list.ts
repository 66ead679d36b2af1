import type { UpstreamServer } from './schema.ts';

/**
 * What an operator wants of a server, whatever it is able to do. `draining`: it gets no requests but those of the clients that
 * stick to it. `disabled`: it gets none.
 */
export type AdminState = 'enabled' | 'draining' | 'disabled';

/** A change of the servers of an upstream. `url` is that of a server of the list, or of an address found for one. */
export type ServerCommand =
  | { readonly type: 'add'; readonly server: UpstreamServer }
  | { readonly type: 'remove'; readonly url: string }
  | { readonly type: 'state'; readonly url: string; readonly state: AdminState }
  | { readonly type: 'weight'; readonly url: string; readonly weight: number };

/** What was last commanded, and when, counted in commands. */
interface Order<T> {
  readonly value: T;
  readonly at: number;
}

/**
 * The servers of an upstream as the configuration and the commands since then have them. It knows nothing of connections:
 * every thread has its own and is given the same commands in the same order, so that all of them come to the same.
 *
 *                 add          drain             disable
 *     (nowhere) ──────▶ enabled ───▶ draining ──────────▶ disabled
 *         ▲                ▲             │                    │        and from each to each
 *         └─── remove ─────┴─── enable ──┴────────────────────┘
 *
 * A command for a name holds for all its addresses, those too that are found later; one for an address for that alone. The
 * later of the two counts.
 */
export class ServerList {
  #servers: readonly UpstreamServer[];
  readonly #states = new Map<string, Order<AdminState>>();
  /** A weight of undefined is the one that the server came with. */
  readonly #weights = new Map<string, Order<number | undefined>>();
  #commands = 0;

  constructor(servers: readonly UpstreamServer[]) {
    this.#servers = servers;
  }

  /** In the order in which they came; names are not replaced by what is found for them. */
  get servers(): readonly UpstreamServer[] {
    return this.#servers;
  }

  has(url: string): boolean {
    return this.#servers.some((server) => server.url === url);
  }

  /** Carry out a command, which has been checked before. */
  apply(command: ServerCommand): void {
    const at = ++this.#commands;
    switch (command.type) {
      case 'add': {
        const { server } = command;
        this.#servers = [...this.#servers, server];
        this.#states.set(server.url, { value: 'enabled', at });
        this.#weights.set(server.url, { value: undefined, at });
        break;
      }
      case 'remove':
        this.#servers = this.#servers.filter(({ url }) => url !== command.url);
        this.#states.delete(command.url);
        this.#weights.delete(command.url);
        break;
      case 'state':
        this.#states.set(command.url, { value: command.state, at });
        break;
      case 'weight':
        this.#weights.set(command.url, { value: command.weight, at });
        break;
    }
  }

  /** What is wanted of a server, or of an address of one. */
  stateOf(server: UpstreamServer): AdminState {
    return latest(this.#states, server)?.value ?? 'enabled';
  }

  /** A server, or an address of one, with the weight that it has by now. */
  weighted(server: UpstreamServer): UpstreamServer {
    const weight = latest(this.#weights, server)?.value;
    return weight === undefined ? server : { ...server, weight };
  }
}

function latest<T>(
  orders: ReadonlyMap<string, Order<T>>,
  { url, foundFor }: UpstreamServer,
): Order<T> | undefined {
  const own = orders.get(url);
  const inherited = foundFor === undefined ? undefined : orders.get(foundFor);
  return own === undefined || (inherited !== undefined && inherited.at > own.at) ? inherited : own;
}
