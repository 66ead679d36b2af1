import type { HealthBoard } from './health-board.ts';
import { HealthProbe } from './health-probe.ts';
import type { HealthOptions } from './health-schema.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import type { ServerState } from './server-state.ts';
import type { Upstream, UpstreamObserver } from './upstream.ts';
import type { Upstreams } from './upstreams.ts';

/** The first checks are spread over this time, in milliseconds, or over the interval where that is shorter. */
const FIRST_WITHIN = 500;

/** How much the time between two checks may differ from the interval, as a share: so that not all come at once. */
const JITTER = 0.1;

/** How often the prober looks for servers that have come or gone, in milliseconds. */
const LOOK_MS = 250;

/**
 * Checks the servers of every upstream that wants it, each address that a name has, and writes on the board which are
 * unhealthy. One thread does it for all of them: a server is not asked more often because there are more workers.
 */
export class HealthProber {
  readonly #upstreams: readonly Upstream[];
  readonly #board: HealthBoard;
  readonly #observe: UpstreamObserver;
  readonly #checks = new Map<ServerState, ServerCheck>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(upstreams: Upstreams, board: HealthBoard, observe: UpstreamObserver) {
    this.#upstreams = upstreams.checked;
    this.#board = board;
    this.#observe = observe;
  }

  start(): void {
    if (this.#upstreams.length === 0) return;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const check of this.#checks.values()) check.close();
  }

  #look(): void {
    const gone = new Set(this.#checks.keys());
    for (const upstream of this.#upstreams) {
      for (const state of upstream.servers) {
        gone.delete(state);
        if (!this.#checks.has(state)) this.#check(upstream.options, state);
      }
    }
    for (const state of gone) {
      this.#checks.get(state)?.close();
      this.#checks.delete(state);
      this.#board.set(state.healthKey, true);
    }
  }

  #check(options: UpstreamOptions, state: ServerState): void {
    const { health } = options;
    if (health === undefined) return;
    const changed = (healthy: boolean, detail: string | undefined): void => {
      this.#board.set(state.healthKey, healthy);
      this.#observe({
        upstream: options.name,
        server: state.server.url,
        state: healthy ? 'healthy' : 'unhealthy',
        detail,
        explanation: undefined,
      });
    };
    const check = new ServerCheck(state.server, options, health, changed);
    this.#checks.set(state, check);
    check.start();
  }
}

/** The checks of one server, one after the other. */
class ServerCheck {
  readonly #server: UpstreamServer;
  readonly #options: UpstreamOptions;
  readonly #health: HealthOptions;
  readonly #changed: (healthy: boolean, detail: string | undefined) => void;
  #healthy = true;
  /** Checks in a row that said the opposite. */
  #against = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #probe: HealthProbe | undefined = undefined;

  constructor(
    server: UpstreamServer,
    options: UpstreamOptions,
    health: HealthOptions,
    changed: (healthy: boolean, detail: string | undefined) => void,
  ) {
    this.#server = server;
    this.#options = options;
    this.#health = health;
    this.#changed = changed;
  }

  start(): void {
    this.#after(Math.random() * Math.min(FIRST_WITHIN, this.#health.interval));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#probe?.cancel();
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#probe = new HealthProbe(this.#server, this.#options, this.#health, (problem) =>
        this.#note(problem),
      );
      this.#probe.start();
    }, ms);
    this.#timer.unref();
  }

  #note(problem: string | undefined): void {
    this.#probe = undefined;
    if ((problem === undefined) === this.#healthy) {
      this.#against = 0;
    } else if (++this.#against >= (this.#healthy ? this.#health.unhealthy : this.#health.healthy)) {
      this.#against = 0;
      this.#healthy = !this.#healthy;
      this.#changed(this.#healthy, problem);
    }
    this.#after(this.#health.interval * (1 + JITTER * (2 * Math.random() - 1)));
  }
}
