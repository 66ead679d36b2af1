import { monotonicNow } from '../core/clock.ts';
import type { Candidate } from './balance/balancer.ts';
import type { Breaker } from './breaker.ts';
import type { Circuit } from './circuit.ts';
import { healthKey } from './health-board.ts';
import type { ServerPool } from './pool.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import type { AdminState } from './server-list.ts';
import type { ServerCircuits } from './server-circuits.ts';

/** The least share of its weight that a server begins with. */
const FIRST_SHARE = 0.1;

/** Which of the server's circuits a request is a trial of, as bits of a number. */
const EJECTION_TRIAL = 1;
const BREAKER_TRIAL = 2;

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
  readonly #ejection: Circuit | undefined;
  /** Undefined where there is no circuit breaker. */
  readonly #breaker: Breaker | undefined;
  /** What the last health checks say, where there are any. */
  #healthy = true;
  #adminState: AdminState = 'enabled';
  /** When it came back, while it has less than its whole share. */
  #slowSince: number | undefined = undefined;

  constructor(
    server: UpstreamServer,
    pool: ServerPool,
    { name, slowStart }: Pick<UpstreamOptions, 'name' | 'slowStart'>,
    circuits?: ServerCircuits,
  ) {
    this.id = server.url;
    this.server = server;
    this.pool = pool;
    this.healthKey = healthKey(name, server.url);
    this.#slowStart = slowStart;
    this.#ejection = circuits?.ejection;
    this.#breaker = circuits?.breaker;
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
    return this.#mayTry && (this.#breaker === undefined || this.#breaker.allows);
  }

  /** Whether it is ejected, or has not yet shown that it is well again. */
  get ejected(): boolean {
    return this.#ejection !== undefined && this.#ejection.out;
  }

  /** Whether it is the circuit breaker alone that keeps requests from it. */
  get broken(): boolean {
    return this.#breaker !== undefined && !this.#breaker.allows && this.#mayTry;
  }

  /** Milliseconds until it may be given requests again, where that is known; else 0. */
  get remaining(): number {
    return Math.max(this.#ejection?.remaining ?? 0, this.#breaker?.remaining ?? 0);
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

  /**
   * It is given a request. Answers what that one is a trial of, 0 for nothing; whoever tells what became of it hands this
   * back.
   */
  take(): number {
    let trials = 0;
    if (this.#ejection?.take() === true) trials |= EJECTION_TRIAL;
    if (this.#breaker?.take() === true) trials |= BREAKER_TRIAL;
    return trials;
  }

  /** A request, whose last byte was sent at `sentAt` on the coarse clock, was answered with this status. */
  answered(status: number, sentAt: number, trials: number): void {
    this.#ejection?.succeeded((trials & EJECTION_TRIAL) !== 0);
    this.#breaker?.answered(status, sentAt, (trials & BREAKER_TRIAL) !== 0);
  }

  /** A request was not answered, and that was the server's fault. */
  failed(reason: string, trials: number): void {
    this.#ejection?.failed(reason, (trials & EJECTION_TRIAL) !== 0);
    this.#breaker?.failed(reason, (trials & BREAKER_TRIAL) !== 0);
  }

  /** A request came to no end that says anything of the server. */
  undecided(trials: number): void {
    if ((trials & EJECTION_TRIAL) !== 0) this.#ejection?.undecided();
    if ((trials & BREAKER_TRIAL) !== 0) this.#breaker?.undecided();
  }

  /** It is one of the upstream's no more: it finishes what it has. */
  leave(): void {
    this.pool.withdraw();
    this.#ejection?.close();
    this.#breaker?.close();
  }

  close(): void {
    this.pool.close();
    this.#ejection?.close();
    this.#breaker?.close();
  }

  /** It can be used again: its share grows from little on, since its caches are cold. */
  startSlowly(): void {
    if (this.#slowStart > 0) this.#slowSince = monotonicNow();
  }

  get #mayTry(): boolean {
    return this.#healthy && (this.#ejection === undefined || this.#ejection.allows);
  }

  #startedShare(since: number): number {
    const share = (monotonicNow() - since) / this.#slowStart;
    if (share >= 1) this.#slowSince = undefined;
    return Math.min(1, Math.max(FIRST_SHARE, share));
  }
}
