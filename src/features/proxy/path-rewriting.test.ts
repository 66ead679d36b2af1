/** The threat: pieces of a path that are harmless as they come, and lead out of where they belong once they are put together. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { head } from '../../../test/support/message.ts';
import { byteSize, duration } from '../../config/units.ts';
import { PathRewriting } from './path-rewriting.ts';
import { proxySchema } from './schema.ts';

type Options = ConstructorParameters<typeof PathRewriting>[0];

/** What the upstream is asked for. */
function target(raw: string, options: Options, method = 'GET'): string | undefined {
  const { request } = exchangeOf(head(`${method} ${raw} HTTP/1.1`, 'Host: a'));
  return new PathRewriting(options).target(request);
}

describe('the path that an upstream is asked for', () => {
  it('loses one prefix and gets another', () => {
    const options = { stripPrefix: '/api', addPrefix: '/app' };
    assert.equal(target('/api/users?a', options), '/app/users?a');
    assert.equal(target('/api', options), '/app/');
    assert.equal(target('/apiary', options), '/app/apiary');
    assert.equal(target('/', { addPrefix: '/app' }), '/app/');
    assert.equal(target('*', options, 'OPTIONS'), '*');
  });

  it('is rewritten between the two', () => {
    const rewrite = { regex: '^/users/([0-9]+)(?<rest>/.*)?$', to: '/u/$1$<rest>' };
    assert.equal(target('/users/7?a', { rewrite }), '/u/7?a');
    assert.equal(target('/users/7/x', { rewrite }), '/u/7/x');
    assert.equal(target('/users/me', { rewrite }), '/users/me');
    assert.equal(target('/api/users/7', { stripPrefix: '/api', addPrefix: '/v1', rewrite }), '/v1/u/7');
    assert.equal(target('/a/b', { rewrite: { regex: '^/a/', to: '' } }), '/b');
  });

  it('may become a query, before that of the request', () => {
    const rewrite = { regex: '^/(.+)$', to: '/index.php?page=$1' };
    assert.equal(target('/a%3Fb', { rewrite }), '/index.php?page=a%3Fb');
    assert.equal(target('/a?b=c', { rewrite }), '/index.php?page=a&b=c');
    assert.equal(target('/a?', { rewrite }), '/index.php?page=a');
    assert.equal(target('/a?b', { rewrite: { regex: '$', to: '?' } }), '/a?b');
  });

  it('is normal again after it was rewritten', () => {
    assert.equal(target('/a//b/%7Ec', { rewrite: { regex: '^', to: '//x/./' } }), '/x/a/b/~c');
    assert.equal(target('/xa', { rewrite: { regex: '^/x(.*)$', to: '/%6$1' } }), '/j');
    assert.equal(target('/x2e/y', { rewrite: { regex: '^/x', to: '/%' } }), '/y');
  });

  it('is none where it would lead out: above the root, and so above what is put before it', () => {
    const rewrite = { regex: '^/x(.*)$', to: '/$1' };
    for (const raw of ['/x../secret', '/x..', '/x..;a/b', '/x..%2fb']) {
      assert.equal(target(raw, { rewrite, addPrefix: '/app' }), undefined, raw);
    }
    assert.equal(target('/x00', { rewrite: { regex: '^/x', to: '/%' } }), undefined);
    assert.equal(target('/xzz', { rewrite: { regex: '^/x', to: '/%' } }), undefined);
  });

  it('stays below the prefix that is added, whatever a client asks for', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('./x%2eE5cf;a')), maxLength: 16 });
    const removal = fc.constantFrom('x', '/x', '%', 'a+', '/', '^/', '\\.');
    fc.assert(
      fc.property(text, removal, fc.constantFrom('', '/', '.', '%', '%2'), (path, regex, to) => {
        const request = { ...exchangeOf(head('GET / HTTP/1.1', 'Host: a')).request };
        const parsed = (() => {
          try {
            return exchangeOf(head(`GET /${path} HTTP/1.1`, 'Host: a')).request;
          } catch {
            return request;
          }
        })();
        const got = new PathRewriting({ addPrefix: '/app', rewrite: { regex, to } }).target(parsed);
        if (got === undefined) return;
        assert.match(got, /^\/app\//);
        assert.doesNotMatch(got.replaceAll(/%2e/gi, '.'), /\/\.\.?(\/|$)/, got);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the path by which a client gets to one of the upstream', () => {
  const back = (path: string, options: Options, asked = '/api/x'): string | undefined =>
    new PathRewriting(options).clientPath(path, exchangeOf(head(`GET ${asked} HTTP/1.1`, 'Host: a')).request);

  it('has the prefixes the other way round', () => {
    assert.equal(back('/users', { stripPrefix: '/api' }), '/api/users');
    assert.equal(back('/app/users', { addPrefix: '/app' }), '/users');
    assert.equal(back('/app', { addPrefix: '/app' }), '/');
    assert.equal(back('/app/users', { stripPrefix: '/api', addPrefix: '/app' }), '/api/users');
    assert.equal(back('/users', {}), '/users');
  });

  it('has none that was not taken off', () => {
    assert.equal(back('/users', { stripPrefix: '/api' }, '/other'), '/users');
  });

  it('is none where the client cannot get', () => {
    assert.equal(back('/elsewhere', { addPrefix: '/app' }), undefined);
    assert.equal(back('/apples', { addPrefix: '/app' }), undefined);
  });
});

describe('options for paths', () => {
  it('that could not work are refused', () => {
    for (const option of [
      { addPrefix: 'app' },
      { addPrefix: '/app/' },
      { addPrefix: '/a/../b' },
      { addPrefix: '/' },
      { stripPrefix: '/%61' },
      { rewrite: { regex: '(', to: '/' } },
      { rewrite: { regex: 'a', to: '/a b' } },
      { rewrite: { regex: 'a', to: '/#a' } },
      { rewrite: { regex: 'a', to: '/a\r\nb' } },
      { rewrite: { regex: 'a' } },
      { cookies: { domain: { 'a b': 'c' } } },
      { cookies: { domain: { a: 'b;c' } } },
      { cookies: { path: { a: '/b' } } },
      { cookies: { path: { '/a': '/b;c' } } },
    ]) {
      const { success } = proxySchema({ byteSize, duration }).safeParse({ to: 'a', ...option });
      assert.equal(success, false, JSON.stringify(option));
    }
  });
});
