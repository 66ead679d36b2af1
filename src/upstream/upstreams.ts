import type { HealthBoard } from './health-board.ts';
import type { UpstreamOptions } from './schema.ts';
import { limitsRequests } from './server-slots.ts';
import { SlotBoard } from './slot-board.ts';
import { Upstream, type UpstreamObserver } from './upstream.ts';

/** How often a thread looks at the board of the health checks, in milliseconds. */
const READ_HEALTH_MS = 100;

/** Every upstream of the configuration, by name. */
export class Upstreams {
  readonly #byName: ReadonlyMap<string, Upstream>;
  /** Those whose servers are checked. */
  readonly checked: readonly Upstream[];
  #healthTimer: NodeJS.Timeout | undefined = undefined;
  readonly #slots: SlotBoard | undefined;

  /**
   * `board`: where the health checks say what they find, by whichever thread. `slots`: where requests in flight are counted;
   * without it, in this thread alone.
   */
  constructor(
    options: readonly UpstreamOptions[],
    observe: UpstreamObserver,
    board?: HealthBoard,
    slots?: SlotBoard,
  ) {
    const limited = options.filter(limitsRequests);
    if (limited.length > 0) this.#slots = slots ?? new SlotBoard(options.length);
    this.#byName = new Map(
      options.map((each, number) => [each.name, new Upstream(each, observe, this.#slots, number)]),
    );
    this.#slots?.watch(limited.map(({ name }) => this.get(name)));
    this.checked = [...this.#byName.values()].filter(({ options: { health } }) => health !== undefined);
    if (board === undefined || this.checked.length === 0) return;
    this.#healthTimer = setInterval(() => {
      for (const upstream of this.checked) upstream.readHealth(board);
    }, READ_HEALTH_MS);
    this.#healthTimer.unref();
  }

  /** @throws Error when there is none of that name; the configuration has been checked before. */
  get(name: string): Upstream {
    const upstream = this.#byName.get(name);
    if (upstream === undefined) throw new Error(`no upstream named ${name}`);
    return upstream;
  }

  /** Find the servers that have names. */
  async start(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((upstream) => upstream.start()));
  }

  close(): void {
    clearInterval(this.#healthTimer);
    this.#slots?.close();
    for (const upstream of this.#byName.values()) upstream.close();
  }
}
