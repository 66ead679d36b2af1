import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  balancerContract,
  countChoices,
  originOf,
  seededRandom,
  serversOf,
  type FakeServer,
} from '../../../test/support/balancer-contract.ts';
import { RandomTwo } from './random-two.ts';

describe('the better of two that are drawn by lot', () => {
  balancerContract(() => new RandomTwo(seededRandom()));

  it('is never the busiest of all', () => {
    const servers = serversOf(1, 1, 1, 1);
    const balancer = new RandomTwo<FakeServer>(seededRandom());
    balancer.update(servers);
    servers[2].active = 10;
    assert.equal(countChoices(balancer).has('c'), false);
  });

  it('keeps the servers about equally busy', () => {
    const servers = serversOf(1, 1, 1, 1, 2);
    const balancer = new RandomTwo<FakeServer>(seededRandom());
    balancer.update(servers);
    for (let request = 0; request < 600; request++) {
      const server = balancer.choose(originOf(request), []);
      assert.ok(server);
      server.active++;
    }
    for (const { active, weight } of servers) {
      assert.ok(Math.abs(active / weight - 100) < 5, servers.map((each) => each.active).join());
    }
  });
});
