import type { HealthBoard } from './health-board.ts';
import { HealthProbe } from './health-probe.ts';
import type { HealthOptions } from './health-schema.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import type { UpstreamObserver } from './upstream.ts';

/** The first checks are spread over this time, in milliseconds, or over the interval where that is shorter. */
const FIRST_WITHIN = 500;

/** How much the time between two checks may differ from the interval, as a share: so that not all come at once. */
const JITTER = 0.1;

/**
 * Checks the servers of every upstream that wants it, and writes on the board which are healthy. One thread does it for
 * all of them: a server is not asked more often because there are more workers.
 */
export class HealthProber {
  readonly #checks: readonly ServerCheck[];

  constructor(upstreams: readonly UpstreamOptions[], board: HealthBoard, observe: UpstreamObserver) {
    this.#checks = upstreams.flatMap((options) => {
      const { health } = options;
      if (health === undefined) return [];
      return options.servers.map((server, place) => {
        const changed = (healthy: boolean, detail: string | undefined): void => {
          board.set(options.name, place, healthy);
          observe({
            upstream: options.name,
            server: server.url,
            state: healthy ? 'healthy' : 'unhealthy',
            detail,
            explanation: undefined,
          });
        };
        return new ServerCheck(server, options, health, changed);
      });
    });
  }

  start(): void {
    for (const check of this.#checks) check.start();
  }

  close(): void {
    for (const check of this.#checks) check.close();
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
