/**
 * Two readers of one path must not see two different paths: the routes are matched against the normal form, and the
 * upstream gets it too.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalisePath, validAuthority, validConnectTarget } from './target.ts';

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
    becomes({ '/a%2fb': '/a%2Fb', '/a%5cb%2F': '/a%5Cb%2F', '/%2f': '/%2F', '/a..%2F..b': '/a..%2F..b' });
  });

  it('is none where dot segments hide behind a parameter: Tomcat and others cut that off first', () => {
    for (const path of [
      '/..;',
      '/a/..;/b',
      '/a/..;x=y/b',
      '/.;/',
      '/a/.;x',
      '/%2e%2e;/b',
      '/.%2E;x',
      '/..%3bx',
    ]) {
      assert.equal(normalisePath(path), undefined, path);
    }
    becomes({
      '/a;..': '/a;..',
      '/a;x=../b': '/a;x=../b',
      '/...;x': '/...;x',
      '/a..;x': '/a..;x',
      '/;..': '/;..',
    });
  });

  it('is none where they stand beside an encoded separator, which some decode first', () => {
    for (const path of [
      '/a%2f..%2fb',
      '/..%2fa',
      '/a%2f..',
      '/a%5C..',
      '/..%5ca',
      '/a/%2e%2e%2fb',
      '/a%2f.%2fb',
      '/a%2f%2e%2e/b',
      '/a%2F..;x',
    ]) {
      assert.equal(normalisePath(path), undefined, path);
    }
  });

  it('is decoded once: what is encoded twice stays encoded', () => {
    becomes({
      '/%252e%252e/a': '/%252e%252e/a',
      '/%252f': '/%252f',
      '/%25%32%65': '/%252e',
      '/%%32%65': undefined,
    });
  });

  it('holds nothing that RFC 3986 has no room for (ADR 0005)', () => {
    becomes({ '/a[1]|{b}^`': '/a%5B1%5D%7C%7Bb%7D%5E%60', '/%7c|': '/%7C%7C', '/[/../b': '/b' });
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
      '127.0.0.1',
      '[::1]',
      '[::1]:8080',
      '[2001:DB8::ff:127.0.0.1]',
      'xn--a-b.example',
      'a_b',
      'a:65535',
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
      'a:65536',
      'a:99999',
      'a:-1',
      '',
      ':80',
      '[]',
      '[::1',
      '[:::1]',
      '[1::2::3]',
      '[12345::]',
      '[1:2:3:4:5:6:7]',
      '[127.0.0.1]',
      '[fe80::1%25eth0]',
      '[v1.a]',
      '[::1]a',
      'a[::1]',
      'ex%61mple',
      'a,b',
      'a;b',
      'a=b',
      "a'b",
      '$a',
    ]) {
      assert.equal(validAuthority(text), false, JSON.stringify(text));
    }
  });
});

describe('the target of CONNECT (RFC 9112 §3.2.3)', () => {
  it('is a host and a port, both there', () => {
    for (const text of ['a:443', '127.0.0.1:1', '[::1]:65535', 'a:080']) {
      assert.equal(validConnectTarget(text), true, text);
    }
    for (const text of [
      'a',
      'a:',
      ':443',
      '',
      'a:0',
      'a:65536',
      '[::1]',
      '[::1]:',
      'u@a:443',
      'a:443/',
      'http://a:443',
    ]) {
      assert.equal(validConnectTarget(text), false, text);
    }
  });
});
