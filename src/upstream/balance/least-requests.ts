import { mayTake } from './balancer.ts';
import type { Balancer, Candidate, RequestOrigin } from './balancer.ts';
import { Turns } from './turns.ts';

/** Chooses the server that is busy with the fewest requests for its weight; those that are equal take turns. */
export class LeastRequests<T extends Candidate> implements Balancer<T> {
  #servers: readonly T[] = [];
  readonly #turns = new Turns();

  update(servers: readonly T[]): void {
    this.#servers = servers;
    this.#turns.reset(servers.length);
  }

  choose(_origin: RequestOrigin, tried: readonly T[]): T | undefined {
    const servers = this.#servers;
    let least = Infinity;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      const load = server.active / server.weight;
      if (load < least && mayTake(server, tried)) least = load;
    }
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      if (server.active / server.weight === least && mayTake(server, tried)) {
        this.#turns.offer(i, server.weight);
      }
    }
    const place = this.#turns.take();
    return place === -1 ? undefined : servers[place];
  }
}
