/** Chooses among servers in turn, each as often as its weight says. */
export class RoundRobin<T extends { readonly weight: number }> {
  readonly #servers: readonly T[];
  readonly #current: number[];

  constructor(servers: readonly T[]) {
    this.#servers = servers;
    this.#current = servers.map(() => 0);
  }

  /**
   * The next server that `usable` allows; undefined when there is none. Smooth: every one of those gains its weight, the
   * one with the most is chosen and pays what all of them gained, so that the turns of a heavy server are spread out.
   */
  next(usable?: (server: T) => boolean): T | undefined {
    const servers = this.#servers;
    if (servers.length === 1 && usable === undefined) return servers[0];
    let best = -1;
    let gained = 0;
    for (let i = 0; i < servers.length; i++) {
      if (usable !== undefined && !usable(servers[i])) continue;
      this.#current[i] += servers[i].weight;
      gained += servers[i].weight;
      if (best === -1 || this.#current[i] > this.#current[best]) best = i;
    }
    if (best === -1) return undefined;
    this.#current[best] -= gained;
    return servers[best];
  }
}
