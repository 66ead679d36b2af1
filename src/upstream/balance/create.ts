import type { Balancer, Candidate } from './balancer.ts';
import { Hash } from './hash.ts';
import { hashKey } from './hash-key.ts';
import { LeastRequests } from './least-requests.ts';
import { RandomTwo } from './random-two.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balance } from './schema.ts';

/** The balancer of that name in the configuration. */
export function createBalancer<T extends Candidate>(balance: Balance): Balancer<T> {
  if (typeof balance === 'object') return new Hash(hashKey(balance.hash));
  switch (balance) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-requests':
      return new LeastRequests();
    case 'random-two':
      return new RandomTwo();
  }
}
