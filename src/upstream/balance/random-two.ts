import { mayTake } from './balancer.ts';
import type { Balancer, Candidate, RequestOrigin } from './balancer.ts';

/**
 * Draws two servers by lot, a heavy one more often, and chooses the one that is less busy for its weight. Workers that know
 * nothing of each other do not all run to the same server, as they would if each looked for the least busy one.
 */
export class RandomTwo<T extends Candidate> implements Balancer<T> {
  #servers: readonly T[] = [];
  readonly #random: () => number;

  /** `random`: numbers from 0 to 1, without 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  update(servers: readonly T[]): void {
    this.#servers = servers;
  }

  choose(_origin: RequestOrigin, tried: readonly T[]): T | undefined {
    const first = this.#draw(tried, undefined);
    if (first === undefined) return undefined;
    const second = this.#draw(tried, first);
    if (second === undefined) return first;
    return second.active / second.weight < first.active / first.weight ? second : first;
  }

  /** One by lot, other than `drawn`. */
  #draw(tried: readonly T[], drawn: T | undefined): T | undefined {
    const servers = this.#servers;
    let sum = 0;
    for (let i = 0; i < servers.length; i++) {
      if (servers[i] !== drawn && mayTake(servers[i], tried)) sum += servers[i].weight;
    }
    let left = this.#random() * sum;
    let last: T | undefined;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      if (server === drawn || !mayTake(server, tried)) continue;
      last = server;
      left -= server.weight;
      if (left < 0) break;
    }
    return last;
  }
}
