import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PatternError } from './pattern.ts';
import { compileRoutes, type RouteEntry } from './route-table.ts';

/** Routes written as `host/path`, such as `*.example.com/api/*`, to themselves. */
function table(...patterns: string[]): (authority: string, path: string) => string | undefined {
  const routes = compileRoutes(
    patterns.map((pattern) => {
      const slash = pattern.indexOf('/');
      const host = slash === -1 ? pattern : pattern.slice(0, slash);
      return {
        host: host || undefined,
        path: slash === -1 ? undefined : pattern.slice(slash),
        value: pattern,
      };
    }),
  );
  return (authority, path) => routes.find(authority, path)?.value;
}

describe('paths', () => {
  test('an exact path matches that path alone', () => {
    const find = table('/health');
    assert.equal(find('a', '/health'), '/health');
    for (const other of ['/', '/health/', '/health/x', '/healthy', '/Health']) {
      assert.equal(find('a', other), undefined, other);
    }
  });

  test('a prefix matches the path itself and everything below it, by whole segments', () => {
    const find = table('/api/*');
    for (const path of ['/api', '/api/', '/api/x', '/api/x/y']) assert.equal(find('a', path), '/api/*', path);
    for (const path of ['/', '/ap', '/apis', '/apis/x', '/x/api/y'])
      assert.equal(find('a', path), undefined, path);
  });

  test('the most specific pattern wins, whatever the order', () => {
    const find = table('/*', '/api/*', '/api/users/*', '/api/users');
    assert.equal(find('a', '/'), '/*');
    assert.equal(find('a', '/api'), '/api/*');
    assert.equal(find('a', '/api/users'), '/api/users');
    assert.equal(find('a', '/api/users/'), '/api/users/*');
    assert.equal(find('a', '/api/users/7/photo'), '/api/users/*');
    assert.equal(find('a', '/api/use'), '/api/*');
    assert.equal(find('a', '/other'), '/*');
  });

  test('each request has its own route, whatever was asked for before', () => {
    const find = table('a/x', 'b/x', 'a/y');
    const asked = [
      ['a', '/x', 'a/x'],
      ['b', '/x', 'b/x'],
      ['b', '/y', undefined],
      ['a', '/y', 'a/y'],
      ['a', '/z', undefined],
    ] as const;
    for (const [before, pathBefore] of asked) {
      for (const [authority, path, route] of asked) {
        find(before, pathBefore);
        assert.equal(find(authority, path), route);
        assert.equal(find(authority, path), route);
      }
    }
  });

  test('of equal patterns the first one in the list wins', () => {
    const routes = compileRoutes([
      { path: '/a', value: 1 },
      { path: '/a', value: 2 },
    ]);
    assert.equal(routes.find('h', '/a')?.value, 1);
  });

  test('what is no path, as in `OPTIONS *`, is taken by a route for all paths only', () => {
    assert.equal(table('/', '/*')('a', '*'), '/*');
    assert.equal(table('/')('a', '*'), undefined);
  });

  test('a pattern is compared with percent-encoded paths', () => {
    assert.equal(table('/grüße/*')('a', '/gr%C3%BC%C3%9Fe/x'), '/grüße/*');
    assert.equal(table('/a%20b')('a', '/a%20b'), '/a%20b');
    assert.equal(table('/%7eada/%c3')('a', '/~ada/%C3'), '/%7eada/%c3');
  });

  test('the rest is what the `*` stands for', () => {
    const routes = compileRoutes([{ path: '/api/*', value: 1 }, { path: '/exact', value: 2 }, { value: 3 }]);
    const rest = (path: string): string | undefined => routes.find('a', path)?.rest(path);
    assert.equal(rest('/api/x/y'), 'x/y');
    assert.equal(rest('/api/'), '');
    assert.equal(rest('/api'), '');
    assert.equal(rest('/exact'), '');
    assert.equal(rest('/other/z'), 'other/z');
  });
});

describe('hosts', () => {
  test('are compared without case, without the port, without a trailing dot', () => {
    const find = table('Example.COM/*');
    for (const host of [
      'example.com',
      'EXAMPLE.com',
      'example.com:8080',
      'example.com.',
      'example.com.:80',
    ]) {
      assert.equal(find(host, '/'), 'Example.COM/*', host);
    }
    for (const host of ['', 'example.org', 'www.example.com', 'example.com.evil.test']) {
      assert.equal(find(host, '/'), undefined, host);
    }
  });

  test('a port in the pattern has to be the request’s; none counts as 80', () => {
    const find = table('example.com:8080', 'example.com:80', '*:81');
    assert.equal(find('example.com:8080', '/'), 'example.com:8080');
    assert.equal(find('example.com', '/'), 'example.com:80');
    assert.equal(find('other.test:81', '/'), '*:81');
    assert.equal(find('example.com:9', '/'), undefined);
  });

  test('a wildcard matches every name below, and a longer one wins', () => {
    const find = table('*.example.com', '*.eu.example.com', 'www.example.com', '*');
    assert.equal(find('www.example.com', '/'), 'www.example.com');
    assert.equal(find('img.example.com', '/'), '*.example.com');
    assert.equal(find('a.b.example.com', '/'), '*.example.com');
    assert.equal(find('a.eu.example.com', '/'), '*.eu.example.com');
    assert.equal(find('eu.example.com', '/'), '*.example.com');
    assert.equal(find('example.com', '/'), '*');
    assert.equal(find('badexample.com', '/'), '*');
  });

  test('IPv6 addresses and international names are hosts', () => {
    const find = table('[::1]', '[::1]:8080', 'bücher.example');
    assert.equal(find('[::1]:8080', '/'), '[::1]:8080');
    assert.equal(find('[::1]:81', '/'), '[::1]');
    assert.equal(find('xn--bcher-kva.example', '/'), 'bücher.example');
  });

  test('the most specific host is asked first; where none of its paths matches, the next', () => {
    const find = table('/health', 'example.com/api/*', '*.com/*', '/*');
    assert.equal(find('example.com', '/api/x'), 'example.com/api/*');
    assert.equal(find('example.com', '/health'), '*.com/*');
    assert.equal(find('localhost', '/health'), '/health');
    assert.equal(find('localhost', '/x'), '/*');
  });

  test('more authorities than are remembered are all answered right', () => {
    const find = table('*.example.com', 'x.test');
    for (let i = 0; i < 3000; i++) assert.equal(find(`n${i}.example.com`, '/'), '*.example.com');
    assert.equal(find('x.test', '/'), 'x.test');
  });
});

test('patterns that cannot mean anything are refused', () => {
  for (const path of ['', 'api', '/a*', '/*/b', '/a/../b', '/a//b', '/a?b', '/a b', '/%zz', '/%00']) {
    assert.throws(() => compileRoutes([{ path, value: 0 }]), PatternError, `path ${path}`);
  }
  for (const host of ['', 'http://a.test', 'a.*', '*a.test', 'a.test:0', 'a.test:x', 'a test', '-', '::1']) {
    assert.throws(() => compileRoutes([{ host, value: 0 }]), PatternError, `host ${host}`);
  }
});

/** The rules once more, as slow and as plain as can be: filter, rank, take the first. */
function naiveFind(
  entries: readonly RouteEntry<number>[],
  authority: string,
  path: string,
): number | undefined {
  const port = /:(\d+)$/.exec(authority)?.[1] ?? '80';
  const name = authority.replace(/:\d+$/, '').toLowerCase();
  const hostRank = (pattern: string): number => {
    const wantedPort = /:(\d+)$/.exec(pattern)?.[1];
    const host = pattern.replace(/:\d+$/, '');
    if (wantedPort !== undefined && wantedPort !== port) return -1;
    const half = wantedPort === undefined ? 0 : 0.5;
    if (host === '*') return half;
    if (host.startsWith('*.')) return name.endsWith(host.slice(1)) ? host.split('.').length + half : -1;
    return host === name ? 1000 + half : -1;
  };
  const pathRank = (pattern: string): number => {
    if (!pattern.endsWith('/*')) return pattern === path ? 1_000_000 : -1;
    const prefix = pattern.slice(0, -2);
    return path === prefix || path.startsWith(`${prefix}/`) ? prefix.length : -1;
  };
  return entries
    .map((entry) => ({ entry, host: hostRank(entry.host ?? '*'), path: pathRank(entry.path ?? '/*') }))
    .filter((candidate) => candidate.host >= 0 && candidate.path >= 0)
    .toSorted((a, b) => b.host - a.host || b.path - a.path)[0]?.entry.value;
}

test('finds what a naive search by the rules finds', () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .map((p) => p.join('.'));
  const port = fc.constantFrom('', '', ':80', ':81');
  const path = fc
    .tuple(fc.array(fc.constantFrom('x', 'y', 'xy'), { maxLength: 4 }), fc.constantFrom('', '/'))
    .map(([segments, end]) => (segments.length === 0 ? '/' : `/${segments.join('/')}${end}`));
  const hostPattern = fc.oneof(
    fc.constant(undefined),
    fc.tuple(fc.constantFrom('', '*.'), name, port).map((parts) => parts.join('')),
    port.map((p) => `*${p}`),
  );
  const pathPattern = fc.oneof(
    fc.constant(undefined),
    fc
      .tuple(path, fc.constantFrom('', '/*'))
      .map(([p, end]) => (end === '' ? p : p.replace(/\/$/, '') + end)),
  );
  const routes = fc.array(fc.record({ host: hostPattern, path: pathPattern }), { maxLength: 12 });
  const requests = fc.array(fc.tuple(name, port, path), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(routes, requests, (patterns, asked) => {
      const entries = patterns.map((pattern, value) => ({ ...pattern, value }));
      const compiled = compileRoutes(entries);
      for (const [host, p, target] of asked) {
        assert.equal(
          compiled.find(host + p, target)?.value,
          naiveFind(entries, host + p, target),
          `${host}${p}${target}`,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test('ten thousand routes on five thousand hosts are told apart', () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => ({
    host: i % 2 === 0 ? `h${i}.example.com` : undefined,
    path: `/p${i}/*`,
    value: i,
  }));
  const compiled = compileRoutes(entries);
  assert.equal(compiled.find('h9998.example.com', '/p9998/x')?.value, 9998);
  assert.equal(compiled.find('h9998.example.com', '/p9999/x')?.value, 9999);
  assert.equal(compiled.find('h9998.example.com', '/p1/x')?.value, 1);
  assert.equal(compiled.find('h2.example.com', '/p0/x'), undefined);
});
