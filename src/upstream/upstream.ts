import { mayTake } from './balance/balancer.ts';
import type { Balancer, RequestOrigin } from './balance/balancer.ts';
import { createBalancer } from './balance/create.ts';
import { ServerPool } from './pool.ts';
import { UpstreamQueue } from './queue.ts';
import { RetryBudget } from './retry-budget.ts';
import type { UpstreamOptions } from './schema.ts';
import { ServerState } from './server-state.ts';
import { StickyCookie } from './sticky.ts';

/** Hears when a server of an upstream can no longer be reached, and when it can again. */
export type UpstreamObserver = (change: {
  readonly upstream: string;
  readonly server: string;
  readonly reachable: boolean;
  /** The system's error code, such as ECONNREFUSED. */
  readonly detail: string | undefined;
  /** What a person should know of it, where the code does not say it. */
  readonly explanation: string | undefined;
}) => void;

/**
 * A group of servers that answer alike, as one thread sees it. Each request has its server chosen here: by the balancer,
 * among those that may be used; among the backups only where none of the others may; and where all that may be used are
 * busy, it waits in the queue.
 */
export class Upstream {
  readonly options: UpstreamOptions;
  /** Requests that wait for a server with room. */
  readonly queue: UpstreamQueue;
  readonly budget: RetryBudget;
  readonly #servers: readonly ServerState[];
  readonly #primaries: readonly ServerState[];
  readonly #primary: Balancer<ServerState>;
  /** Undefined where there are no backups. */
  readonly #backup: Balancer<ServerState> | undefined;
  readonly #sticky: StickyCookie | undefined;

  constructor(options: UpstreamOptions, observe: UpstreamObserver) {
    this.options = options;
    this.queue = new UpstreamQueue(options.queue);
    this.budget = new RetryBudget(options.retry.budget);
    this.#servers = options.servers.map((server) => {
      const pool = new ServerPool(server, options, ({ url }, reachable, detail, explanation) => {
        if (reachable) state.startSlowly();
        observe({ upstream: options.name, server: url, reachable, detail, explanation });
      });
      const state = new ServerState(server, pool, options.slowStart);
      pool.roomMade = () => this.#roomMade();
      return state;
    });
    this.#sticky = options.sticky && new StickyCookie(options.sticky, this.#servers);
    this.#primaries = this.#servers.filter(({ server }) => !server.backup);
    this.#primary = createBalancer(options.balance);
    this.#primary.update(this.#primaries);
    const backups = this.#servers.filter(({ server }) => server.backup);
    if (backups.length > 0) {
      this.#backup = createBalancer(options.balance);
      this.#backup.update(backups);
    }
  }

  /**
   * A server with room for this request, none of those that were `tried` already. Undefined when there is none:
   * `hasServerBeside` then says whether waiting helps.
   */
  choose(origin: RequestOrigin, tried: readonly ServerState[]): ServerState | undefined {
    if (this.#sticky !== undefined) {
      const known = this.#sticky.find(origin);
      if (known !== undefined && mayTake(known, tried)) return known;
    }
    const chosen = this.#primary.choose(origin, tried);
    if (chosen !== undefined || this.#backup === undefined) return chosen;
    // A backup stands in for servers that are gone, not for busy ones.
    return isAnyLeft(this.#primaries, tried) ? undefined : this.#backup.choose(origin, tried);
  }

  /** The Set-Cookie field that keeps a client with the server that has served it, where it is to have one. */
  cookieFor(origin: RequestOrigin, state: ServerState): string | undefined {
    return this.#sticky === undefined ? undefined : this.#sticky.fieldFor(origin, state);
  }

  /** Whether there is a server beside those that were tried which takes requests, now or when it has room. */
  hasServerBeside(tried: readonly ServerState[]): boolean {
    return isAnyLeft(this.#servers, tried);
  }

  /** Close what is not in use now, and the rest when it is free. */
  close(): void {
    for (const { pool } of this.#servers) pool.close();
  }

  #roomMade(): void {
    if (this.queue.length > 0) this.queue.roomMade();
  }
}

function isAnyLeft(servers: readonly ServerState[], tried: readonly ServerState[]): boolean {
  return servers.some((state) => state.available && !tried.includes(state));
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
