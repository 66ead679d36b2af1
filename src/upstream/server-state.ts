import { monotonicNow } from '../core/clock.ts';
import type { Candidate } from './balance/balancer.ts';
import { Ejection, type EjectionOwner } from './ejection.ts';
import { healthKey } from './health-board.ts';
import type { ServerPool } from './pool.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import type { AdminState } from './server-list.ts';

/** The least share of its weight that a server begins with. */
const FIRST_SHARE = 0.1;

/** One server of an upstream as this thread sees it: what it may be given, and its connections. */
export class ServerState implements Candidate {
  readonly id: string;
  /** Its weight may become another; where it is stays. */
  server: UpstreamServer;
  readonly pool: ServerPool;
  /** What stands for it on the board of the health checks. */
  readonly healthKey: bigint;
  readonly #slowStart: number;
  /** Undefined where servers are not ejected. */
  readonly #ejection: Ejection | undefined;
  /** What the last health checks say, where there are any. */
  #healthy = true;
  #adminState: AdminState = 'enabled';
  /** When it came back, while it has less than its whole share. */
  #slowSince: number | undefined = undefined;

  constructor(
    server: UpstreamServer,
    pool: ServerPool,
    { name, slowStart, eject }: Pick<UpstreamOptions, 'name' | 'slowStart' | 'eject'>,
    owner: EjectionOwner,
  ) {
    this.id = server.url;
    this.server = server;
    this.pool = pool;
    this.healthKey = healthKey(name, server.url);
    this.#slowStart = slowStart;
    this.#ejection = eject && new Ejection(eject, owner);
  }

  /** Its share of the requests: the configured one, or a growing part of it after it has come back. */
  get weight(): number {
    const { weight } = this.server;
    return this.#slowSince === undefined ? weight : weight * this.#startedShare(this.#slowSince);
  }

  /** Requests and tunnels that it is busy with, those included whose connection is being made. */
  get active(): number {
    return this.pool.busy;
  }

  /** Whether it may be given requests, as soon as it has room for them. */
  get available(): boolean {
    return this.#healthy && (this.#ejection === undefined || this.#ejection.allows);
  }

  /** Whether it is ejected, or has not yet shown that it is well again. */
  get ejected(): boolean {
    return this.#ejection !== undefined && this.#ejection.out;
  }

  /** Milliseconds until it may be given requests again, where that is known; else 0. */
  get remaining(): number {
    return this.#ejection === undefined ? 0 : this.#ejection.remaining;
  }

  get usable(): boolean {
    return this.available && this.pool.hasRoom;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  get adminState(): AdminState {
    return this.#adminState;
  }

  /** From the operator. Who has been chosen for it and not sent yet goes elsewhere when it is disabled. */
  setAdminState(state: AdminState): void {
    const before = this.#adminState;
    this.#adminState = state;
    if (state === before) return;
    if (state === 'disabled') this.pool.withdraw();
    if (before !== 'disabled') return;
    this.pool.reopen();
    this.startSlowly();
  }

  /** From the health checks, when they have found out something else. */
  setHealthy(healthy: boolean): void {
    this.#healthy = healthy;
    if (healthy) this.startSlowly();
  }

  /** It is given a request. Answers whether that one shows if it is well: see `Ejection.take`. */
  take(): boolean {
    return this.#ejection !== undefined && this.#ejection.take();
  }

  /** A request was answered. */
  succeeded(): void {
    if (this.#ejection !== undefined) this.#ejection.succeeded();
  }

  /** A request was not answered, and that was the server's fault. */
  failed(reason: string): void {
    if (this.#ejection !== undefined) this.#ejection.failed(reason);
  }

  /** The request that was to show whether it is well came to no end. */
  undecided(): void {
    if (this.#ejection !== undefined) this.#ejection.undecided();
  }

  /** It is one of the upstream's no more: it finishes what it has. */
  leave(): void {
    this.pool.withdraw();
    this.#ejection?.close();
  }

  close(): void {
    this.pool.close();
    this.#ejection?.close();
  }

  /** It can be used again: its share grows from little on, since its caches are cold. */
  startSlowly(): void {
    if (this.#slowStart > 0) this.#slowSince = monotonicNow();
  }

  #startedShare(since: number): number {
    const share = (monotonicNow() - since) / this.#slowStart;
    if (share >= 1) this.#slowSince = undefined;
    return Math.min(1, Math.max(FIRST_SHARE, share));
  }
}
