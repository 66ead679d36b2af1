import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  balancerContract,
  originOf,
  serversOf,
  type FakeServer,
} from '../../../test/support/balancer-contract.ts';
import { RoundRobin } from './round-robin.ts';

const origin = originOf(0);

function orderOf(servers: readonly FakeServer[]): RoundRobin<FakeServer> {
  const order = new RoundRobin<FakeServer>();
  order.update(servers);
  return order;
}

/** The names of so many turns, in order. */
function turns(order: RoundRobin<FakeServer>, count: number): string {
  return Array.from({ length: count }, () => order.choose(origin, [])?.id ?? '-').join('');
}

describe('servers in turn', () => {
  balancerContract(() => new RoundRobin());

  it('come one after the other, in the order they were given', () => {
    assert.equal(turns(orderOf(serversOf(1, 1, 1)), 7), 'abcabca');
    assert.equal(turns(orderOf(serversOf(5)), 3), 'aaa');
  });

  it('come as often as their weights say, the turns of a heavy one spread out', () => {
    assert.equal(turns(orderOf(serversOf(5, 1, 1)), 14), 'aabacaaaabacaa');
    assert.equal(turns(orderOf(serversOf(2, 1)), 6), 'abaaba');
  });

  it('are passed over when they cannot be used; none is left when all are', () => {
    const servers = serversOf(1, 1, 1);
    const order = orderOf(servers);
    servers[1].usable = false;
    assert.equal(turns(order, 4), 'acac');
    servers[0].usable = servers[2].usable = false;
    assert.equal(turns(order, 1), '-');
  });

  it('share what one cannot take by their weights', () => {
    const servers = serversOf(1, 2, 1);
    servers[0].usable = false;
    const counted = turns(orderOf(servers), 300);
    assert.deepEqual([counted.split('b').length - 1, counted.split('c').length - 1], [200, 100]);
  });

  it('are asked no more often because another had to be asked in their place', () => {
    const [dead, alive] = serversOf(1, 1);
    const order = orderOf([dead, alive]);
    let asked = 0;
    for (let request = 0; request < 100; request++) {
      if (order.choose(origin, []) !== dead) continue;
      asked++;
      assert.equal(order.choose(origin, [dead]), alive);
    }
    assert.equal(asked, 50);
  });

  it('come in equal parts again, at once, when one that failed is back', () => {
    const servers = serversOf(1, 1);
    const order = orderOf(servers);
    servers[1].usable = false;
    turns(order, 1000);
    servers[1].usable = true;
    assert.equal(turns(order, 10).split('a').length - 1, 5);
  });
});
