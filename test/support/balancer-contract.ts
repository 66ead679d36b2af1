import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Balancer, Candidate, RequestOrigin } from '../../src/upstream/balance/balancer.ts';
import { Random } from '../fuzz/random.ts';
import { parseFields } from './parse-fields.ts';

/** A server as a balancer sees it; the test says how it fares. */
export interface FakeServer extends Candidate {
  weight: number;
  active: number;
  usable: boolean;
}

export const serverOf = (id: string, weight = 1): FakeServer => ({ id, weight, active: 0, usable: true });

/** Servers called a, b, c … of these weights. */
export const serversOf = (...weights: readonly number[]): FakeServer[] =>
  weights.map((weight, i) => serverOf(String.fromCharCode(97 + i), weight));

/** Numbers from 0 to 1, without 1, the same in every run. */
export function seededRandom(): () => number {
  const random = new Random(7);
  return () => random.next() / 2 ** 32;
}

/** A request for this path, from this address, with these field lines. */
export function requestOrigin(path: string, address: string, ...lines: string[]): RequestOrigin {
  return {
    request: {
      method: 'GET',
      form: 'origin',
      rawTarget: path,
      path,
      query: '',
      authority: 'a.example',
      version: 11,
      headers: parseFields(...lines),
    },
    clientAddress: address,
    client: { scheme: 'http' },
  };
}

/** The n-th request: each from another address, for another path, of another user. */
export function originOf(n: number): RequestOrigin {
  const address = `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`;
  return requestOrigin(`/${n}`, address, `X-User: u${n}`, `Cookie: user=${n}`);
}

const origins = Array.from({ length: 4000 }, (_, n) => originOf(n));

/** How often each was chosen, over all the requests; each is over before the next comes. */
export function countChoices(
  balancer: Balancer<FakeServer>,
  tried: readonly FakeServer[] = [],
): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const origin of origins) {
    const id = balancer.choose(origin, tried)?.id;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Each has its share of the requests by weight, as far as chance lets it. */
function assertShares(counts: ReadonlyMap<string | undefined, number>, servers: readonly FakeServer[]): void {
  const sum = servers.reduce((total, { weight }) => total + weight, 0);
  for (const { id, weight } of servers) {
    const expected = (origins.length * weight) / sum;
    const got = counts.get(id) ?? 0;
    // Five standard deviations of drawing lots: what is further off is no chance.
    const tolerance = 5 * Math.sqrt(expected);
    assert.ok(Math.abs(got - expected) <= tolerance, `${id}: ${got} of ${expected}`);
  }
  assert.equal([...counts.keys()].length, servers.length, [...counts.keys()].join());
}

/** What every balancer has to hold to. `make` gives a new one, whose chance is the same in every run. */
export function balancerContract(make: () => Balancer<FakeServer>): void {
  const balancerOf = (servers: readonly FakeServer[]): Balancer<FakeServer> => {
    const balancer = make();
    balancer.update(servers);
    return balancer;
  };

  describe('as every balancer', () => {
    it('chooses none of none', () => {
      assert.equal(make().choose(origins[0], []), undefined);
      assert.equal(balancerOf([]).choose(origins[0], []), undefined);
    });

    it('chooses the only one, as long as it can be used', () => {
      const [only] = serversOf(3);
      const balancer = balancerOf([only]);
      assert.equal(balancer.choose(origins[0], []), only);
      assert.equal(balancer.choose(origins[0], [only]), undefined);
      only.usable = false;
      assert.equal(balancer.choose(origins[0], []), undefined);
      only.usable = true;
      assert.equal(balancer.choose(origins[0], []), only);
    });

    it('gives each its share by weight', () => {
      for (const weights of [
        [1, 1, 1],
        [5, 1, 2],
        [1, 1000],
        [0.5, 1.5],
      ]) {
        const servers = serversOf(...weights);
        assertShares(countChoices(balancerOf(servers)), servers);
      }
    });

    it('never chooses one that cannot be used; the others share what it would have had', () => {
      const servers = serversOf(4, 1, 2, 1);
      servers[0].usable = false;
      assertShares(countChoices(balancerOf(servers)), servers.slice(1));
    });

    it('never chooses one that was tried; the others share what it would have had', () => {
      const servers = serversOf(4, 1, 2, 1);
      assertShares(countChoices(balancerOf(servers), servers.slice(0, 2)), servers.slice(2));
    });

    it('chooses none when none is left', () => {
      const servers = serversOf(1, 2, 3);
      const balancer = balancerOf(servers);
      assert.equal(balancer.choose(origins[0], servers), undefined);
      servers[1].usable = servers[2].usable = false;
      assert.equal(balancer.choose(origins[0], [servers[0]]), undefined);
      assert.deepEqual(countChoices(balancer), new Map([['a', origins.length]]));
    });

    it('tries every server once, whatever the order', () => {
      const servers = serversOf(1, 7, 3, 2);
      const balancer = balancerOf(servers);
      for (const origin of origins.slice(0, 100)) {
        const tried: FakeServer[] = [];
        for (let server = balancer.choose(origin, tried); server; server = balancer.choose(origin, tried)) {
          tried.push(server);
        }
        assert.deepEqual(tried.map(({ id }) => id).toSorted(), ['a', 'b', 'c', 'd']);
      }
    });

    it('goes on with the servers that there are now', () => {
      const servers = serversOf(1, 1, 1);
      const balancer = balancerOf(servers.slice(0, 2));
      assertShares(countChoices(balancer), servers.slice(0, 2));
      balancer.update(servers);
      assertShares(countChoices(balancer), servers);
      balancer.update(servers.slice(2));
      assertShares(countChoices(balancer), servers.slice(2));
      balancer.update([]);
      assert.equal(balancer.choose(origins[0], []), undefined);
    });

    it('follows a weight that changes', () => {
      const servers = serversOf(1, 1);
      const balancer = balancerOf(servers);
      countChoices(balancer);
      servers[0].weight = 0.25;
      assertShares(countChoices(balancer), servers);
    });

    it('gives one that comes back its share, and no more to make up for what it missed', () => {
      const servers = serversOf(1, 1);
      const balancer = balancerOf(servers);
      servers[1].usable = false;
      countChoices(balancer);
      servers[1].usable = true;
      assertShares(countChoices(balancer), servers);
    });
  });
}
