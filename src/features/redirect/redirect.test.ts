// Threats: a client's path or query that ends the Location field and starts one of its own, or that turns a redirect
// within the site into one to a site of the client's choosing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DreamError } from '../../core/errors.ts';
import { emptyBody } from '../../http/body.ts';
import type { RequestHead } from '../../http/head.ts';
import { HeaderList, validField } from '../../http/header-list.ts';
import type { Response } from '../../http/response.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { createRedirectHandler } from './handler.ts';
import { redirectSchema, type RedirectStatus } from './schema.ts';

function answer(to: string, request: Partial<RequestHead>, status: RedirectStatus = 302): Response {
  const head: RequestHead = {
    method: 'GET',
    form: 'origin',
    rawTarget: '/',
    path: '/',
    query: '',
    authority: 'a.example:8080',
    version: 11,
    headers: new HeaderList(),
    ...request,
  };
  const exchange = new Exchange(head, emptyBody, { address: '127.0.0.1', port: 1, secure: false });
  return createRedirectHandler({ to, status })(exchange) as Response;
}

const location = (to: string, request: Partial<RequestHead>): string | undefined =>
  answer(to, request).headers.get('location');

describe('redirect', () => {
  test('answers with the status and the target', () => {
    const response = answer('https://example.com/', {}, 308);
    assert.equal(response.status, 308);
    assert.equal(response.headers.get('location'), 'https://example.com/');
    assert.equal(response.body, null);
  });

  test('fills in path, query, both of them, and the host without its port', () => {
    const request = { path: '/a/b', query: '?x=1&y=2' };
    assert.equal(location('https://example.com{uri}', request), 'https://example.com/a/b?x=1&y=2');
    assert.equal(location('/new{path}', request), '/new/a/b');
    assert.equal(location('/search{query}', request), '/search?x=1&y=2');
    assert.equal(location('https://{host}{uri}', request), 'https://a.example/a/b?x=1&y=2');
    assert.equal(location('{proto}://{host}/?from={client-ip}', {}), 'http://a.example/?from=127.0.0.1');
    assert.equal(location('https://{host}:8443/', { authority: '[::1]:80' }), 'https://[::1]:8443/');
  });

  test('encodes the template as UTF-8 and leaves what is encoded already', () => {
    assert.equal(location('/grüße/%C3%BC', {}), '/gr%C3%BC%C3%9Fe/%C3%BC');
  });

  test('what is no path does not become part of the host', () => {
    assert.equal(location('https://example.com{uri}', { path: '*' }), 'https://example.com');
  });

  test('a host that the request does not name is an error, not an empty host', () => {
    assert.throws(
      () => location('https://{host}/', { authority: '' }),
      (error) => error instanceof DreamError && error.code === 'http1.host.missing',
    );
  });

  test('no path leads to another host', () => {
    for (const path of ['//evil.test', '/\\evil.test', '/%5Cevil.test']) {
      for (const to of ['{path}', '/{path}', '{uri}']) {
        const found = location(to, { path }) ?? '';
        assert.equal(
          new URL(found, 'http://a.example/').host,
          'a.example',
          `${to} with ${path} gave ${found}`,
        );
      }
    }
  });

  test('nothing that a client sends ends the field or leaves the host', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 20 })
      .map((s) => Buffer.from(s, 'utf8').toString('latin1'));
    fc.assert(
      fc.property(text, text, fc.constantFrom('{uri}', '/{path}{query}', '/x{query}'), (path, query, to) => {
        const found = location(to, { path: `/${path}`, query: query === '' ? '' : `?${query}` }) ?? '';
        assert.ok(validField('location', found) && /^[\x21-\x7e]*$/.test(found), found);
        assert.equal(new URL(found, 'http://a.example/').host, 'a.example', found);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('redirect options', () => {
  test('a string alone is the target', () => {
    assert.deepEqual(redirectSchema.parse('/x'), { to: '/x', status: 302 });
  });

  test('targets that could not work are refused', () => {
    for (const to of [
      '',
      'example.com',
      '//example.com',
      'javascript:alert(1)',
      '/{pfad}',
      'https://',
      '{query}',
      '/{upstream}',
    ]) {
      assert.equal(redirectSchema.safeParse({ to }).success, false, to);
    }
    for (const to of [
      '/',
      '{uri}',
      'https://example.com{uri}',
      'http://{host}:81/',
      '{proto}://{host}/',
      'https://a.test/?back={path}',
    ]) {
      assert.equal(redirectSchema.safeParse({ to }).success, true, to);
    }
    assert.equal(redirectSchema.safeParse({ to: '/', status: 200 }).success, false);
  });
});
