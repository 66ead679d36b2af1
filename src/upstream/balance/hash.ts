import { mayTake } from './balancer.ts';
import type { Balancer, Candidate, RequestOrigin } from './balancer.ts';
import type { HashKey } from './hash-key.ts';

/**
 * Chooses the same server for the same key. Each server draws a lot for each key, always the same one, and the best lot has
 * it (rendezvous hashing): when a server goes, its keys alone find others, and spread over all of them; when one
 * comes, it takes its share and no other key moves. There is no ring to keep, whatever the weights.
 */
export class Hash<T extends Candidate> implements Balancer<T> {
  #servers: readonly T[] = [];
  #seeds: number[] = [];
  readonly #key: HashKey;
  readonly #random: () => number;

  /** `random`: the lot of requests that have no key, from 0 to 1, without 1. */
  constructor(key: HashKey, random: () => number = Math.random) {
    this.#key = key;
    this.#random = random;
  }

  update(servers: readonly T[]): void {
    this.#servers = servers;
    this.#seeds = servers.map(({ id }) => hashText(id));
  }

  choose(origin: RequestOrigin, tried: readonly T[]): T | undefined {
    const servers = this.#servers;
    const key = this.#key(origin);
    const hash = key === undefined ? (this.#random() * 2 ** 32) | 0 : hashText(key);
    let best: T | undefined;
    let bestScore = 0;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      if (!mayTake(server, tried)) continue;
      // A number between 0 and 1, without both. With -w/ln of it a server wins as often as its weight says.
      const lot = (mix(hash ^ this.#seeds[i]) + 0.5) / 2 ** 32;
      const score = -server.weight / Math.log(lot);
      if (best === undefined || score > bestScore) {
        best = server;
        bestScore = score;
      }
    }
    return best;
  }
}

/** FNV-1a, 32 bits, not negative, mixed once more: keys that differ in their last character alone differ everywhere. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Spreads every bit over all 32 (the finalizer of MurmurHash3). Not negative. */
function mix(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
