import type { ErrorCode } from '../core/errors.ts';
import { mayTake } from './balance/balancer.ts';
import type { Balancer, RequestOrigin } from './balance/balancer.ts';
import { createBalancer } from './balance/create.ts';
import type { HealthBoard } from './health-board.ts';
import { healthKey } from './health-board.ts';
import { ServerPool } from './pool.ts';
import { UpstreamQueue } from './queue.ts';
import { RetryBudget } from './retry-budget.ts';
import { ResolvedServers } from './resolved-servers.ts';
import type { ResolvedServersOwner } from './resolved-servers.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import { ServerList } from './server-list.ts';
import type { AdminState, ServerCommand } from './server-list.ts';
import { snapshotOf, snapshotOfName } from './server-snapshot.ts';
import type { ServerSnapshot } from './server-snapshot.ts';
import { serverCircuits } from './server-circuits.ts';
import type { CircuitChange } from './server-circuits.ts';
import { limitsRequests, ServerSlots } from './server-slots.ts';
import { ServerState } from './server-state.ts';
import { SlotBoard } from './slot-board.ts';
import type { SlotWatcher } from './slot-board.ts';
import { StickyCookie } from './sticky.ts';

/** What has become of a server of an upstream. */
export interface UpstreamChange {
  readonly upstream: string;
  /** The server's URL. */
  readonly server: string;
  /**
   * `unreachable`: no connection could be made; `reachable`: one could again. `ejected`: it gets no requests for a while,
   * since those that it got have failed; `returned`: it is well again. `circuit-open`: it gets none since too large a share
   * has failed; `circuit-half-open`: it is tried; `circuit-closed`: it is well again. `unhealthy` and `healthy`: what the
   * health checks say; only the worker that makes them tells it. `unresolved`: its name has no address, or nobody says
   * which; `resolved`: it has others than before. The others are what an operator has done, told once for all workers: it
   * was `added` or `removed`, it is `draining`, `disabled` or `enabled`, or `weighted`: it has another weight.
   */
  readonly state:
    | 'unreachable'
    | 'reachable'
    | CircuitChange
    | 'unhealthy'
    | 'healthy'
    | 'unresolved'
    | 'resolved'
    | 'added'
    | 'removed'
    | 'weighted'
    | AdminState;
  /** Why: the system's error code, such as ECONNREFUSED, or a code of the catalogue. */
  readonly detail: string | undefined;
  /** What a person should know of it, where the code does not say it. */
  readonly explanation: string | undefined;
  /** Of one that is resolved: the servers that were found, as URLs. */
  readonly addresses?: readonly string[] | undefined;
  /** Of one that was added or weighted. */
  readonly weight?: number | undefined;
}

/** Hears of every change. */
export type UpstreamObserver = (change: UpstreamChange) => void;

/**
 * A group of servers that answer alike, as one thread sees it. Each request has its server chosen here: by the balancer,
 * among those that may be used; among the backups only where none of the others may; and where all that may be used are
 * busy, it waits in the queue.
 */
export class Upstream implements ResolvedServersOwner, SlotWatcher {
  readonly options: UpstreamOptions;
  /** Requests that wait for a server with room. */
  readonly queue: UpstreamQueue;
  readonly budget: RetryBudget;
  readonly #observe: UpstreamObserver;
  readonly #list: ServerList;
  /** There where the servers' names are looked up in the background. */
  readonly #names: ResolvedServers | undefined;
  #servers: readonly ServerState[] = [];
  /** Those of them that requests are given to. */
  #enabled: readonly ServerState[] = [];
  #primaries: readonly ServerState[] = [];
  readonly #primary: Balancer<ServerState>;
  /** Undefined where there are no backups. */
  #backup: Balancer<ServerState> | undefined;
  #sticky: StickyCookie | undefined;
  #closed = false;
  /** There where requests in flight are limited. */
  readonly #slots: { readonly board: SlotBoard; readonly number: number } | undefined;
  #look: 'none' | 'planned' | 'under way' = 'none';

  /** `board`: counts requests in flight for all threads, to which the upstream is known by its `number`. */
  constructor(options: UpstreamOptions, observe: UpstreamObserver, board?: SlotBoard, number = 0) {
    this.options = options;
    if (limitsRequests(options)) this.#slots = { board: board ?? new SlotBoard(1), number };
    const resized = this.#slots && ((grown: boolean): void => this.#queueResized(grown));
    this.queue = new UpstreamQueue(options.queue, resized);
    this.budget = new RetryBudget(options.retry.budget);
    this.#observe = observe;
    this.#primary = createBalancer(options.balance);
    this.#list = new ServerList(options.servers);
    this.#names = options.resolve.interval === undefined ? undefined : new ResolvedServers(options, this);
    this.use(this.#names?.servers ?? options.servers);
  }

  /** Find the servers that have names; resolves when the first answers are here, good or bad. */
  async start(): Promise<void> {
    await this.#names?.start();
  }

  /**
   * Carry out a command of the operator. It is in effect at once, but for the addresses of a name that is added: resolves
   * when those are known, or not worth waiting for.
   */
  async obey(command: ServerCommand): Promise<void> {
    if (this.#closed) return;
    this.#list.apply(command);
    if (this.#names === undefined) this.use(this.#list.servers);
    else await this.#names.list(this.#list.servers);
  }

  /** The servers from now on. Those that stay keep all they have; the others finish what they have begun. */
  use(servers: readonly UpstreamServer[]): void {
    const gone = new Set(this.#servers);
    this.#servers = servers.map((found) => {
      const server = this.#list.weighted(found);
      const known = stateAt(server, gone);
      if (known === undefined) return this.#serverState(server);
      gone.delete(known);
      known.server = server;
      return known;
    });
    const wanted = new Map(this.#servers.map((state) => [state, this.#list.stateOf(state.server)]));
    const those = (admin: AdminState): ServerState[] =>
      this.#servers.filter((state) => wanted.get(state) === admin);
    this.#enabled = those('enabled');
    const { sticky } = this.options;
    this.#sticky = sticky && new StickyCookie(sticky, this.#enabled, those('draining'));
    this.#primaries = this.#enabled.filter(({ server }) => !server.backup);
    this.#primary.update(this.#primaries);
    const backups = this.#enabled.filter(({ server }) => server.backup);
    this.#backup = backups.length === 0 ? undefined : (this.#backup ?? createBalancer(this.options.balance));
    this.#backup?.update(backups);
    // Only now, since those who waited there go to the others at once.
    for (const [state, admin] of wanted) state.setAdminState(admin);
    for (const state of gone) state.leave();
    this.#roomMade();
  }

  // ---- ResolvedServersOwner

  resolved({ url }: UpstreamServer, found: readonly UpstreamServer[]): void {
    const addresses = found.map((server) => server.url);
    this.#tell(url, 'resolved', undefined, undefined, addresses);
  }

  unresolved({ url }: UpstreamServer, code: string): void {
    this.#tell(url, 'unresolved', code);
  }

  #tell(
    server: string,
    state: UpstreamChange['state'],
    detail?: string,
    explanation?: string,
    addresses?: readonly string[],
  ): void {
    this.#observe({ upstream: this.options.name, server, state, detail, explanation, addresses });
  }

  /**
   * A server with room for this request, none of those that were `tried` already; whoever gets it asks its pool for a
   * connection at once. Undefined when there is none: `hasServerBeside` then says whether waiting helps.
   */
  choose(origin: RequestOrigin, tried: readonly ServerState[]): ServerState | undefined {
    for (;;) {
      const chosen = this.#choose(origin, tried);
      if (chosen === undefined || chosen.pool.takePlace()) return chosen;
    }
  }

  #choose(origin: RequestOrigin, tried: readonly ServerState[]): ServerState | undefined {
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

  /**
   * Whether there is a server beside those that were tried which takes requests, now or when it has room: any request, or
   * this one where its `origin` is told, whose client may stick to one that is draining.
   */
  hasServerBeside(tried: readonly ServerState[], origin?: RequestOrigin): boolean {
    if (isAnyLeft(this.#enabled, tried)) return true;
    const own = origin && this.#sticky?.find(origin);
    return own !== undefined && isAnyLeft([own], tried);
  }

  /** Why no server may be used. */
  get refusal(): ErrorCode {
    return this.#enabled.some(({ broken }) => broken) ? 'upstream.circuit-open' : 'upstream.no-server';
  }

  /** After how many seconds it is worth asking again, where no server may be used. */
  get retryAfter(): number {
    const interval = this.options.health?.interval ?? 0;
    const waits = this.#enabled
      .map(({ healthy, remaining }) => (healthy ? remaining : interval))
      .filter((ms) => ms > 0);
    return waits.length === 0 ? 1 : Math.max(1, Math.ceil(Math.min(...waits) / 1000));
  }

  /** The servers as they are known now. */
  get servers(): readonly ServerState[] {
    return this.#servers;
  }

  /** Take over what the health checks say. */
  readHealth(board: HealthBoard): void {
    for (const server of this.#servers) {
      const healthy = board.isHealthy(server.healthKey);
      if (healthy === server.healthy) continue;
      server.setHealthy(healthy);
      if (healthy) this.#roomMade();
    }
  }

  /** What a person would like to know of each server, as this thread sees it. */
  snapshot(): readonly ServerSnapshot[] {
    const missing = (this.#names?.missing ?? []).map((name) =>
      snapshotOfName(this.#list.weighted(name), this.#list.stateOf(name)),
    );
    return [...this.#servers.map(snapshotOf), ...missing];
  }

  /** Close what is not in use now, and the rest when it is free. */
  close(): void {
    this.#closed = true;
    this.#names?.close();
    for (const server of this.#servers) server.close();
  }

  #serverState(server: UpstreamServer): ServerState {
    const tell = (state: UpstreamChange['state'], detail?: string, explanation?: string): void =>
      this.#tell(server.url, state, detail, explanation);
    const pool = new ServerPool(
      server,
      this.options,
      (_, reachable, detail, explanation) => {
        if (reachable) state.startSlowly();
        tell(reachable ? 'reachable' : 'unreachable', detail, explanation);
      },
      this.#slotsOf(server),
    );
    const circuits = serverCircuits(this.options, {
      mayEject: () => this.#mayEject(),
      changed: tell,
      withdrawn: () => this.#roomMade(),
      tryable: () => this.#roomMade(),
      returned: () => {
        state.startSlowly();
        this.#roomMade();
      },
    });
    const state = new ServerState(server, pool, this.options, circuits);
    pool.roomMade = () => this.#roomMade();
    return state;
  }

  #slotsOf({ url, maxRequests = this.options.maxRequests }: UpstreamServer): ServerSlots | undefined {
    if (this.#slots === undefined || maxRequests === undefined) return undefined;
    const { board, number } = this.#slots;
    return new ServerSlots(board, number, healthKey(this.options.name, url), maxRequests);
  }

  #mayEject(): boolean {
    const share = this.options.eject?.share ?? 0;
    const out = this.#enabled.filter(({ ejected }) => ejected).length;
    return out + 1 <= share * this.#enabled.length;
  }

  /** Whether it is worth asking those in the queue: there is room, or there is none to wait for. */
  get #mayHelp(): boolean {
    const has = this.#servers.some((each) => each.adminState !== 'disabled' && mayTake(each, NONE));
    return has || !isAnyLeft(this.#enabled, NONE);
  }

  /** Other threads are to know how many wait here; a place that became free before they could is looked for. */
  #queueResized(grown: boolean): void {
    this.#slots?.board.setWaiting(this.#slots.number, this.queue.length);
    if (!grown || this.#look !== 'none' || !this.#mayHelp) return;
    this.#look = 'planned';
    queueMicrotask(() => this.lookAgain());
  }

  // ---- SlotWatcher

  /** There may be room that another thread has made. */
  lookAgain(): void {
    // Those that come back into the queue meanwhile have been looked for.
    this.#look = 'under way';
    for (const { pool } of this.#servers) pool.settle();
    this.#roomMade();
    this.#look = 'none';
  }

  /** A place at a server is free, or a whole server: those in the queue have it before anybody who comes later. */
  #roomMade(): void {
    while (this.queue.length > 0 && this.#mayHelp && this.queue.roomMade());
  }
}

const NONE: readonly ServerState[] = [];

/** The one of these that stands for the server, if it is at the same place and asked for by the same name. */
function stateAt({ url, authority }: UpstreamServer, states: Iterable<ServerState>): ServerState | undefined {
  for (const state of states) {
    if (state.id === url && state.server.authority === authority) return state;
  }
  return undefined;
}

function isAnyLeft(servers: readonly ServerState[], tried: readonly ServerState[]): boolean {
  return servers.some((state) => state.available && !tried.includes(state));
}
