/** A client stays with its server; and no cookie, however it was made up, does more than that. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestOrigin } from '../../test/support/balancer-contract.ts';
import { upstreamOptions } from '../../test/support/proxy-server.ts';
import type { RequestOrigin } from './balance/balancer.ts';
import { Upstream } from './upstream.ts';

const URLS = ['http://10.0.0.1:8000', 'http://10.0.0.2:8000', 'http://10.0.0.3:8000'];
const MADE = /^ds_backend=([\w-]{12}); Path=\/; HttpOnly; SameSite=Lax$/;

const stickyUpstream = (urls = URLS, secret = 'a secret'): Upstream =>
  new Upstream(upstreamOptions(urls, { sticky: { cookie: 'ds_backend', secret } }), () => {});

const clientWith = (...cookies: string[]): RequestOrigin =>
  requestOrigin('/', '203.0.113.7', ...cookies.map((cookie) => `Cookie: ${cookie}`));

/** The server of a client's request, and the cookie that it gets for it. */
function serve(upstream: Upstream, client: RequestOrigin): { url: string; field: string | undefined } {
  const state = upstream.choose(client, []);
  assert.ok(state);
  return { url: state.server.url, field: upstream.cookieFor(client, state) };
}

/** The values of the cookies for the servers, by URL. */
function values(upstream: Upstream): Map<string, string> {
  const found = new Map<string, string>();
  for (const _ of URLS) {
    const { url, field } = serve(upstream, clientWith());
    found.set(url, MADE.exec(field ?? '')?.[1] ?? assert.fail(field));
  }
  return found;
}

describe('a client with the cookie of a server', () => {
  it('stays with it, and gets no other cookie', () => {
    const upstream = stickyUpstream();
    for (const [url, value] of values(upstream)) {
      for (let request = 0; request < 5; request++) {
        const client = clientWith(`a=1; ds_backend=${value}; b=2`);
        assert.deepEqual(serve(upstream, client), { url, field: undefined });
      }
    }
  });

  it('stays with it after a restart, and in every worker', () => {
    assert.deepEqual(values(stickyUpstream()), values(stickyUpstream()));
    assert.equal(
      values(stickyUpstream(URLS.toReversed())).get(URLS[0]),
      values(stickyUpstream()).get(URLS[0]),
    );
  });

  it('goes to another when its server has been tried, and gets the cookie of that one', () => {
    const upstream = stickyUpstream();
    const client = clientWith(`ds_backend=${values(upstream).get(URLS[1])}`);
    const own = upstream.choose(client, []);
    assert.ok(own);
    const other = upstream.choose(client, [own]);
    assert.ok(other);
    assert.notEqual(other, own);
    assert.match(upstream.cookieFor(client, other) ?? '', MADE);
  });

  it('goes to another when its server is busy', () => {
    const options = upstreamOptions(URLS, {
      sticky: { cookie: 'ds_backend', secret: 'a secret' },
      pool: { max: 1, idleTimeout: 0 },
    });
    const upstream = new Upstream(options, () => {});
    const client = clientWith(`ds_backend=${values(upstream).get(URLS[1])}`);
    const own = upstream.choose(client, []);
    own?.pool.acquire({ connected: () => {}, connectFailed: () => {} });
    assert.notEqual(upstream.choose(client, []), own);
    upstream.close();
  });
});

describe('a cookie', () => {
  it('reveals nothing of the server without the secret', () => {
    const [one, other] = [values(stickyUpstream()), values(stickyUpstream(URLS, 'another'))];
    for (const url of URLS) assert.notEqual(one.get(url), other.get(url));
    assert.equal(new Set([...one.values(), ...other.values()]).size, 6);
  });

  it('is Secure where the client came over TLS', () => {
    const client = clientWith();
    const secure = { ...client, client: { scheme: 'https' } };
    assert.match(serve(stickyUpstream(), secure).field ?? '', /; SameSite=Lax; Secure$/);
  });

  it('that names no server is as good as none, whatever it holds', () => {
    const upstream = stickyUpstream();
    const [good] = values(upstream).values();
    for (const value of [
      '',
      'x',
      `${good}x`,
      good.slice(1),
      '__proto__',
      'constructor',
      '"',
      'x'.repeat(8000),
    ]) {
      const { field } = serve(upstream, clientWith(`ds_backend=${value}`));
      assert.match(field ?? '', MADE, value);
    }
  });

  it('that stands there more than once counts as its first', () => {
    const upstream = stickyUpstream();
    const [first, second] = values(upstream);
    const client = clientWith(`ds_backend=${second[1]}; ds_backend=${first[1]}`, `ds_backend=${first[1]}`);
    assert.deepEqual(serve(upstream, client), { url: second[0], field: undefined });
  });

  it('is not there unless it is configured', () => {
    const upstream = new Upstream(upstreamOptions(URLS), () => {});
    assert.equal(serve(upstream, clientWith()).field, undefined);
  });
});
