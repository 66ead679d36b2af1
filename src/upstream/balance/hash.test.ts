import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  balancerContract,
  originOf,
  requestOrigin,
  seededRandom,
  serverOf,
  serversOf,
  type FakeServer,
} from '../../../test/support/balancer-contract.ts';
import { hashKey } from './hash-key.ts';
import { Hash } from './hash.ts';

const KEYS = 10_000;
const origins = Array.from({ length: KEYS }, (_, n) => originOf(n));

function hashOf(servers: readonly FakeServer[], source = 'uri'): Hash<FakeServer> {
  const balancer = new Hash<FakeServer>(hashKey(source), seededRandom());
  balancer.update(servers);
  return balancer;
}

/** Where each key goes. */
const places = (balancer: Hash<FakeServer>): (string | undefined)[] =>
  origins.map((origin) => balancer.choose(origin, [])?.id);

function moved(before: readonly unknown[], after: readonly unknown[]): number {
  return before.filter((place, i) => place !== after[i]).length;
}

for (const source of ['client-ip', 'uri', 'header:x-user', 'cookie:user']) {
  describe(`a server by the hash of ${source}`, () => {
    balancerContract(() => new Hash(hashKey(source), seededRandom()));

    it('is the same for the same key, in every worker and after a restart', () => {
      const before = places(hashOf(serversOf(1, 2, 3), source));
      assert.deepEqual(places(hashOf(serversOf(1, 2, 3).toReversed(), source)), before);
    });
  });
}

describe('a server by a hash', () => {
  it('keeps its keys when another one goes: only those of that one move, and spread over all', () => {
    const servers = serversOf(1, 1, 1, 1, 1);
    const balancer = hashOf(servers);
    const before = places(balancer);
    servers[2].usable = false;
    const after = places(balancer);
    assert.equal(moved(before, after), before.filter((place) => place === 'c').length);
    assert.ok(moved(before, after) < (KEYS / 5) * 1.1, String(moved(before, after)));
    const heirs = after.filter((_, i) => before[i] === 'c');
    for (const id of ['a', 'b', 'd', 'e']) {
      const share = heirs.filter((heir) => heir === id).length / heirs.length;
      assert.ok(Math.abs(share - 0.25) < 0.05, `${id} ${share}`);
    }
    servers[2].usable = true;
    assert.deepEqual(places(balancer), before);
  });

  it('gives up a share of its keys to one that comes, and no other key moves', () => {
    const servers = serversOf(1, 1, 1, 1);
    const balancer = hashOf(servers);
    const before = places(balancer);
    balancer.update([serverOf('new'), ...servers]);
    const after = places(balancer);
    assert.equal(moved(before, after), after.filter((place) => place === 'new').length);
    assert.ok(Math.abs(moved(before, after) - KEYS / 5) < KEYS / 50, String(moved(before, after)));
  });

  it('gives up keys to the one alone whose weight has grown', () => {
    const servers = serversOf(1, 1, 1);
    const balancer = hashOf(servers);
    const before = places(balancer);
    servers[1].weight = 1.5;
    const after = places(balancer);
    assert.deepEqual(new Set(after.filter((place, i) => place !== before[i])), new Set(['b']));
  });

  it('differs for keys that are nearly the same, of servers that are', () => {
    const servers = ['http://10.0.0.1:8000', 'http://10.0.0.2:8000', 'http://10.0.0.3:8000'].map((url) =>
      serverOf(url),
    );
    const found = places(hashOf(servers));
    for (const { id } of servers) {
      const share = found.filter((place) => place === id).length / KEYS;
      assert.ok(Math.abs(share - 1 / 3) < 0.02, `${id} ${share}`);
    }
  });

  it('is drawn by lot for a request without a key, so that these do not all go to one', () => {
    const keyless = requestOrigin('/', '10.0.0.1');
    for (const source of ['header:x-user', 'cookie:user']) {
      const balancer = hashOf(serversOf(1, 1), source);
      const found = Array.from({ length: 1000 }, () => balancer.choose(keyless, [])?.id);
      assert.ok(Math.abs(found.filter((id) => id === 'a').length - 500) < 100, source);
    }
  });
});
