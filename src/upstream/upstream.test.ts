import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { parseServerUrl } from './schema.ts';
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

describe('the URL of a server', () => {
  it('is scheme, host and port', () => {
    assert.deepEqual(parseServerUrl('http://Backend.Example:8000'), {
      url: 'http://backend.example:8000',
      hostname: 'backend.example',
      port: 8000,
      authority: 'backend.example:8000',
    });
    assert.deepEqual(parseServerUrl('http://[::1]/'), {
      url: 'http://[::1]',
      hostname: '::1',
      port: 80,
      authority: '[::1]',
    });
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'a',
      'a:80',
      'https://a',
      'ftp://a',
      'http://',
      'http://a/b',
      'http://a/?b',
      'http://a/#b',
      'http://u:p@a',
      'http://a:0',
      'http://a:99999',
    ]) {
      assert.equal(typeof parseServerUrl(text), 'string', text);
    }
  });
});
