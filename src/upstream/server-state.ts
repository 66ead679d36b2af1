import { monotonicNow } from '../core/clock.ts';
import type { Candidate } from './balance/balancer.ts';
import type { ServerPool } from './pool.ts';
import type { UpstreamServer } from './schema.ts';

/** The least share of its weight that a server begins with. */
const FIRST_SHARE = 0.1;

/** One server of an upstream as this thread sees it: what it may be given, and its connections. */
export class ServerState implements Candidate {
  readonly id: string;
  readonly server: UpstreamServer;
  readonly pool: ServerPool;
  readonly #slowStart: number;
  /** When it came back, while it has less than its whole share. */
  #slowSince: number | undefined = undefined;

  /** `slowStart`: for how many milliseconds its share grows once it has come back; 0 for not at all. */
  constructor(server: UpstreamServer, pool: ServerPool, slowStart: number) {
    this.id = server.url;
    this.server = server;
    this.pool = pool;
    this.#slowStart = slowStart;
  }

  /** Its share of the requests: the configured one, or a growing part of it after it has come back. */
  get weight(): number {
    const { weight } = this.server;
    return this.#slowSince === undefined ? weight : weight * this.#startedShare(this.#slowSince);
  }

  /** Requests that it is busy with, those included whose connection is being made. */
  get active(): number {
    return this.pool.busy;
  }

  /** Whether it may be given requests, as soon as it has room for them. */
  get available(): boolean {
    return true;
  }

  get usable(): boolean {
    return this.available && this.pool.hasRoom;
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
