import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  balancerContract,
  originOf,
  serversOf,
  type FakeServer,
} from '../../../test/support/balancer-contract.ts';
import { LeastRequests } from './least-requests.ts';

const origin = originOf(0);

function leastOf(servers: readonly FakeServer[]): LeastRequests<FakeServer> {
  const balancer = new LeastRequests<FakeServer>();
  balancer.update(servers);
  return balancer;
}

describe('the server with the fewest requests', () => {
  balancerContract(() => new LeastRequests());

  it('is chosen until it has as many as the others', () => {
    const servers = serversOf(1, 1, 1);
    servers[0].active = 2;
    servers[1].active = 1;
    const balancer = leastOf(servers);
    const chosen = Array.from({ length: 6 }, () => {
      const server = balancer.choose(origin, []);
      assert.ok(server);
      server.active++;
      return server.id;
    });
    assert.deepEqual(chosen.slice(0, 1), ['c']);
    assert.deepEqual(
      servers.map(({ active }) => active),
      [3, 3, 3],
    );
  });

  it('is the one with the fewest for its weight', () => {
    const servers = serversOf(3, 1);
    const balancer = leastOf(servers);
    for (let request = 0; request < 40; request++) {
      const server = balancer.choose(origin, []);
      assert.ok(server);
      server.active++;
    }
    assert.deepEqual(
      servers.map(({ active }) => active),
      [30, 10],
    );
  });

  it('is not the one that cannot be used, however little it has to do', () => {
    const servers = serversOf(1, 1);
    servers[0].usable = false;
    servers[1].active = 100;
    assert.equal(leastOf(servers).choose(origin, []), servers[1]);
  });
});
