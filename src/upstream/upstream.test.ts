import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestOrigin } from '../../test/support/balancer-contract.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import type { ServerState } from './server-state.ts';
import { Upstream } from './upstream.ts';
import { Upstreams } from './upstreams.ts';

const origin = requestOrigin('/', '203.0.113.7');
const URLS = ['http://10.0.0.1', 'http://10.0.0.2'];

describe('an upstream', () => {
  it('gives its servers in turn, by their weights', () => {
    const servers = [upstreamServer('http://10.0.0.1', 2), upstreamServer('http://10.0.0.2')];
    const upstream = new Upstream({ ...upstreamOptions([]), servers }, () => {});
    const turns = Array.from({ length: 6 }, () => upstream.choose(origin, [])?.server.hostname.at(-1));
    assert.equal(turns.join(''), '121121');
  });

  it('gives none twice to the same request', () => {
    const upstream = new Upstream(upstreamOptions(URLS), () => {});
    const first = upstream.choose(origin, []);
    assert.ok(first);
    const second = upstream.choose(origin, [first]);
    assert.ok(second);
    assert.notEqual(second, first);
    assert.equal(upstream.choose(origin, [first, second]), undefined);
  });

  it('gives a backup only when none of the others is left', () => {
    const servers = [
      upstreamServer('http://10.0.0.1', 1, true),
      upstreamServer('http://10.0.0.2'),
      upstreamServer('http://10.0.0.3'),
    ];
    const upstream = new Upstream({ ...upstreamOptions([]), servers }, () => {});
    const tried: ServerState[] = [];
    for (let state = upstream.choose(origin, tried); state; state = upstream.choose(origin, tried)) {
      tried.push(state);
    }
    const hosts = tried.map(({ server }) => server.hostname);
    assert.deepEqual(hosts, ['10.0.0.2', '10.0.0.3', '10.0.0.1']);
    assert.equal(upstream.hasServerBeside(tried), false);
  });

  it('does not give a backup because the others are busy', () => {
    const servers = [upstreamServer('http://10.0.0.1'), upstreamServer('http://10.0.0.2', 1, true)];
    const options = { ...upstreamOptions([], { pool: { max: 1, idleTimeout: 0 } }), servers };
    const upstream = new Upstream(options, () => {});
    const state = upstream.choose(origin, []);
    assert.ok(state);
    state.pool.acquire({ connected: () => {}, connectFailed: () => {} })?.cancel();
    assert.equal(upstream.choose(origin, []), undefined);
    assert.equal(upstream.hasServerBeside([]), true);
    upstream.close();
  });

  it('chooses by the balance that is configured', () => {
    const upstream = new Upstream(upstreamOptions(URLS, { balance: { hash: 'client-ip' } }), () => {});
    const chosen = new Set(Array.from({ length: 20 }, () => upstream.choose(origin, [])));
    assert.equal(chosen.size, 1);
  });

  it('is found by its name', () => {
    const upstreams = new Upstreams([upstreamOptions(URLS)], () => {});
    assert.equal(upstreams.get('backend').options.servers.length, 2);
    assert.throws(() => upstreams.get('other'), /other/);
  });
});
