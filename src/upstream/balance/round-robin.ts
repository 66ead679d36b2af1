import { mayTake } from './balancer.ts';
import type { Balancer, Candidate, RequestOrigin } from './balancer.ts';
import { Turns } from './turns.ts';

/** Chooses servers in turn, each as often as its weight says. */
export class RoundRobin<T extends Candidate> implements Balancer<T> {
  #servers: readonly T[] = [];
  readonly #turns = new Turns();

  update(servers: readonly T[]): void {
    this.#servers = servers;
    this.#turns.reset(servers.length);
  }

  choose(_origin: RequestOrigin, tried: readonly T[]): T | undefined {
    const servers = this.#servers;
    if (servers.length === 1) return mayTake(servers[0], tried) ? servers[0] : undefined;
    for (let i = 0; i < servers.length; i++) {
      if (mayTake(servers[i], tried)) this.#turns.offer(i, servers[i].weight);
    }
    const place = this.#turns.take();
    return place === -1 ? undefined : servers[place];
  }
}
