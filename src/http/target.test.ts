/**
 * Two readers of one path must not see two different paths: the routes are matched against the normal form, and the
 * upstream gets it too.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalisePath, validAuthority } from './target.ts';

function becomes(cases: Readonly<Record<string, string | undefined>>): void {
  for (const [path, normal] of Object.entries(cases)) assert.equal(normalisePath(path), normal, path);
}

describe('the normal form of a path (RFC 3986 §6.2.2)', () => {
  it('is most paths themselves', () => {
    for (const path of [
      '/',
      '/a',
      '/a/',
      '/a/b.c',
      '/...',
      '/a..b',
      '/.well',
      '/~a',
      "/a;b=c,d:e@f!$&'()*+",
    ]) {
      assert.equal(normalisePath(path), path);
    }
  });

  it('has no encoded character that needs no encoding (§6.2.2.2)', () => {
    becomes({ '/%61': '/a', '/%7e%5F%2D%2e5': '/~_-.5', '/%41%5a': '/AZ', '/%2561': '/%2561' });
  });

  it('has upper-case digits in what stays encoded (§6.2.2.1)', () => {
    becomes({ '/%c3%a9': '/%C3%A9', '/%2f': '/%2F', '/%3f%23': '/%3F%23', '/%25': '/%25', '/%0a': '/%0A' });
  });

  it('has no dot segments (§5.2.4), however they are written', () => {
    becomes({
      '/.': '/',
      '/./': '/',
      '/a/.': '/a/',
      '/a/..': '/',
      '/a/../': '/',
      '/a/b/..': '/a/',
      '/a/./b': '/a/b',
      '/a/b/../c': '/a/c',
      '/a/b/../../c': '/c',
      '/a/%2e/b': '/a/b',
      '/a/%2E%2e/b': '/b',
      '/a/.%2e/b': '/b',
    });
  });

  it('has no empty segments', () => {
    becomes({
      '//': '/',
      '//a': '/a',
      '/a//b': '/a/b',
      '/a//': '/a/',
      '///a///b': '/a/b',
      '/a//..//b': '/b',
    });
  });

  it('is none for a path that climbs above the root', () => {
    becomes({
      '/..': undefined,
      '/../a': undefined,
      '/a/../..': undefined,
      '/a/../../b': undefined,
      '/%2e%2e': undefined,
    });
  });

  it('is none for a broken triplet or an encoded NUL', () => {
    becomes({
      '/%': undefined,
      '/%4': undefined,
      '/%4g': undefined,
      '/a%zz': undefined,
      '/%00': undefined,
      '/a%00b': undefined,
    });
  });

  it('leaves an encoded slash or backslash what it is: no separator', () => {
    becomes({ '/a%2f..%2fb': '/a%2F..%2Fb', '/..%2f': '/..%2F', '/a%5C..': '/a%5C..' });
  });

  it('is its own normal form, and holds no dot segment', () => {
    const segment = fc.constantFrom('', '.', '..', 'a', 'b.c', '%2e', '%2E%2e', '%2F', '%41', '...', '%');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const normal = normalisePath(`/${segments.join('/')}`);
        if (normal === undefined) return;
        assert.equal(normalisePath(normal), normal);
        assert.ok(normal.startsWith('/'));
        assert.doesNotMatch(normal, /\/\.{0,2}\/|\/\.{1,2}$/);
      }),
    );
  });
});

describe('an authority (RFC 3986 §3.2)', () => {
  it('is a host with an optional port, without user information', () => {
    for (const text of [
      'a',
      'a.b:80',
      'a:',
      '',
      '127.0.0.1',
      '[::1]',
      '[::1]:8080',
      'xn--a-b.example',
      'a_b',
      'a,b',
    ]) {
      assert.equal(validAuthority(text), true, text);
    }
    for (const text of [
      'a@b',
      'a b',
      'a/b',
      'a:b',
      '::1',
      '[::1',
      ']',
      '[a]:1]',
      'a\\',
      'a?',
      'a#',
      '\xe9',
      'a\r\n',
      'a:123456',
    ]) {
      assert.equal(validAuthority(text), false, JSON.stringify(text));
    }
  });
});
