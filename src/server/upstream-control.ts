import type { ServerSnapshot } from '../upstream/server-snapshot.ts';
import type { ServerSpec, UpstreamCommands } from './upstream-commands.ts';

/**
 * An upstream of a server, whose servers can be changed while it runs; the configuration stays what it was. Each change is
 * in effect in every worker when its promise resolves, and several are made in the order in which they were asked for. What
 * is asked for before `listen` is done before the first request.
 *
 * Servers go by their URLs, as in the configuration. Where names are looked up in the background, a change of a name holds
 * for all its addresses, also for those that are found later; an address can be named itself, and the later change counts.
 *
 * Every method rejects with a `ChangeError` of one line: there is no such upstream or server, what was written is no
 * server, or the server has been closed.
 */
export class UpstreamControl {
  readonly name: string;
  readonly #commands: UpstreamCommands;

  constructor(name: string, commands: UpstreamCommands) {
    this.name = name;
    this.#commands = commands;
  }

  /** How its servers are now; while it does not listen, when it does. */
  servers(): Promise<readonly ServerSnapshot[]> {
    return this.#commands.servers(this.name);
  }

  /**
   * Give a server no more requests but those of the clients that stick to it by their cookie. What it has begun, it finishes:
   * its `active` counts down.
   */
  drain(url: string): Promise<void> {
    return this.#commands.change(this.name, { type: 'state', url, state: 'draining' });
  }

  /** Give a server no more requests at all. What has been sent to it, it finishes, tunnels too. */
  disable(url: string): Promise<void> {
    return this.#commands.change(this.name, { type: 'state', url, state: 'disabled' });
  }

  /** Give a server its share again: one that was disabled begins with little of it where there is `slowStart`. */
  enable(url: string): Promise<void> {
    return this.#commands.change(this.name, { type: 'state', url, state: 'enabled' });
  }

  /** Give a server another share of the requests, 1 to 1000. */
  setWeight(url: string, weight: number): Promise<void> {
    return this.#commands.change(this.name, { type: 'weight', url, weight });
  }

  /** Add a server, behind the others. */
  add(server: ServerSpec): Promise<void> {
    return this.#commands.change(this.name, { type: 'add', server });
  }

  /** Take a server away. What has been sent to it, it finishes. Without any server, clients get a 503. */
  remove(url: string): Promise<void> {
    return this.#commands.change(this.name, { type: 'remove', url });
  }
}
