import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { Upstream, Upstreams } from './upstream.ts';

const URLS = ['http://10.0.0.1', 'http://10.0.0.2'];

describe('an upstream', () => {
  it('gives its servers in turn, by their weights', () => {
    const servers = [upstreamServer('http://10.0.0.1', 2), upstreamServer('http://10.0.0.2')];
    const upstream = new Upstream({ ...upstreamOptions([]), servers }, () => {});
    const turns = Array.from({ length: 6 }, () => upstream.next([])?.server.hostname.at(-1));
    assert.equal(turns.join(''), '121121');
  });

  it('gives none twice to the same request', () => {
    const upstream = new Upstream(upstreamOptions(URLS), () => {});
    const first = upstream.next([]);
    assert.ok(first);
    const second = upstream.next([first]);
    assert.ok(second);
    assert.notEqual(second, first);
    assert.equal(upstream.next([first, second]), undefined);
  });

  it('is found by its name', () => {
    const upstreams = new Upstreams([upstreamOptions(URLS)], () => {});
    assert.equal(upstreams.get('backend').options.servers.length, 2);
    assert.throws(() => upstreams.get('other'), /other/);
  });
});
