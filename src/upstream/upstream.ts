import { ServerPool } from './pool.ts';
import { RoundRobin } from './round-robin.ts';
import type { UpstreamOptions } from './schema.ts';

/** Hears when a server of an upstream can no longer be reached, and when it can again. */
export type UpstreamObserver = (change: {
  readonly upstream: string;
  readonly server: string;
  readonly reachable: boolean;
  /** The system's error code, such as ECONNREFUSED. */
  readonly detail: string | undefined;
}) => void;

/** A pool with its server's share of the requests. */
interface Target {
  readonly pool: ServerPool;
  readonly weight: number;
}

/** A group of servers that answer alike, with this thread's connections to them. */
export class Upstream {
  readonly options: UpstreamOptions;
  readonly #targets: readonly Target[];
  readonly #order: RoundRobin<Target>;

  constructor(options: UpstreamOptions, observe: UpstreamObserver) {
    this.options = options;
    this.#targets = options.servers.map((server) => ({
      weight: server.weight,
      pool: new ServerPool(server, options, ({ url }, reachable, detail) =>
        observe({ upstream: options.name, server: url, reachable, detail }),
      ),
    }));
    this.#order = new RoundRobin(this.#targets);
  }

  /** The pool whose turn it is, none of those that were tried already; undefined when all were. */
  next(tried: readonly ServerPool[]): ServerPool | undefined {
    const target =
      tried.length === 0 ? this.#order.next() : this.#order.next(({ pool }) => !tried.includes(pool));
    return target?.pool;
  }

  /** Close what is not in use now, and the rest when it is free. */
  close(): void {
    for (const { pool } of this.#targets) pool.close();
  }
}

/** Every upstream of the configuration, by name. */
export class Upstreams {
  readonly #byName: ReadonlyMap<string, Upstream>;

  constructor(options: readonly UpstreamOptions[], observe: UpstreamObserver) {
    this.#byName = new Map(options.map((each) => [each.name, new Upstream(each, observe)]));
  }

  /** @throws Error when there is none of that name; the configuration has been checked before. */
  get(name: string): Upstream {
    const upstream = this.#byName.get(name);
    if (upstream === undefined) throw new Error(`no upstream named ${name}`);
    return upstream;
  }

  close(): void {
    for (const upstream of this.#byName.values()) upstream.close();
  }
}
