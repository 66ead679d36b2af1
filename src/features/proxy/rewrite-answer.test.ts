import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { head } from '../../../test/support/message.ts';
import { parseFields } from '../../../test/support/parse-fields.ts';
import { upstreamServer } from '../../../test/support/proxy-server.ts';
import { HeaderList } from '../../http/header-list.ts';
import { PathRewriting } from './path-rewriting.ts';
import { rewriteCookie, rewritePlaces, tellsOfPlaces } from './rewrite-answer.ts';

const server = upstreamServer('http://10.0.0.1:8000');

interface Case {
  readonly stripPrefix?: string;
  readonly addPrefix?: string;
  /** The Host that was sent on. */
  readonly host?: string;
  readonly followed?: boolean;
}

/** A field of an answer to `GET /api/dir/page?query` for a.example:8080, as the client gets it. */
function rewritten(
  line: string,
  { host = 'a.example:8080', followed = false, ...paths }: Case = {},
): string | undefined {
  const { request } = exchangeOf(head('GET /api/dir/page?query HTTP/1.1', 'Host: a.example:8080'));
  const rewriting = new PathRewriting(paths);
  const target = followed ? '/elsewhere/page' : (rewriting.target(request) ?? '');
  const headers = HeaderList.over(parseFields(line));
  assert.ok(tellsOfPlaces(headers));
  rewritePlaces(headers, { request, target, host, server, followed }, rewriting);
  return headers.get(line.slice(0, line.indexOf(':')));
}

const location = (value: string, options?: Case): string | undefined =>
  rewritten(`Location: ${value}`, options);

describe('a field of nearly nothing but blanks', () => {
  // With one more blank each place where a blank may end would be tried: seconds for what fits into a header.
  const blanks = '\t'.repeat(60_000);

  it('is done with at once', () => {
    const start = performance.now();
    assert.equal(rewritten(`Refresh: 5;${blanks}x"`), `5;${blanks}x"`);
    const cookie = `a=b; Path=/x${blanks}y`;
    assert.equal(rewriteCookie(cookie, { domain: {}, path: { '/z': '/' } }), cookie);
    assert.ok(performance.now() - start < 1000);
  });
});

describe('a place that an answer names', () => {
  it('stays as it was written where the client can go there', () => {
    for (const place of [
      '/a/../b?c',
      'b',
      '?c',
      '',
      'http://a.example:8080/x',
      'https://a.example:8080/x',
      '/caf\xc3\xa9',
    ]) {
      assert.equal(location(place), place);
    }
  });

  it('on the server, which the client does not know, is one on this host', () => {
    assert.equal(location('http://10.0.0.1:8000/x?y#z'), '/x?y#z');
    assert.equal(location('//10.0.0.1:8000/x'), '/x');
    assert.equal(location('http://10.0.0.1:8000'), '/');
    assert.equal(location('http://app.internal/x', { host: 'app.internal' }), '/x');
  });

  it('on the host that was asked for, with the port that only the server knows, is one on this host', () => {
    assert.equal(location('http://a.example:8000/x/'), '/x/');
    assert.equal(location('http://app.internal:8000/x', { host: 'app.internal' }), '/x');
  });

  it('elsewhere stays as it is', () => {
    for (const place of [
      'http://b.example/x',
      'http://10.0.0.1/x',
      'http://a.example/x',
      'ftp://10.0.0.1:8000/',
      'http://u:p@10.0.0.1:8000/',
      'mailto:x@a.example',
      'http://a b/',
      'http://10.0.0.1:8000/%zz',
    ]) {
      assert.equal(location(place, { stripPrefix: '/api' }), place);
    }
  });

  it('gets the prefix that the request has lost, and loses the one that it got', () => {
    const strip = { stripPrefix: '/api' };
    assert.equal(location('/login?next=/x', strip), '/api/login?next=/x');
    assert.equal(location('other', strip), '/api/dir/other');
    assert.equal(location('../up/', strip), '/api/up/');
    assert.equal(location('?next', strip), '/api/dir/page?next');
    assert.equal(location('http://10.0.0.1:8000/x', strip), '/api/x');
    assert.equal(location('https://a.example:8080/x', strip), 'https://a.example:8080/api/x');
    const both = { stripPrefix: '/api', addPrefix: '/app' };
    assert.equal(location('/app/login', both), '/api/login');
    assert.equal(location('http://10.0.0.1:8000/app', both), '/api/');
    assert.equal(location('/elsewhere', both), '/elsewhere');
  });

  it('that is relative is seen from where the answer was found, which the client does not know', () => {
    assert.equal(location('other', { followed: true }), '/elsewhere/other');
    assert.equal(location('/other', { followed: true }), '/other');
  });

  it('never becomes another host', () => {
    for (const place of [
      'http://10.0.0.1:8000//evil.example',
      '/..//evil.example',
      '//10.0.0.1:8000//evil.example/',
    ]) {
      assert.equal(
        new URL(location(place, { addPrefix: '/app' }) ?? '', 'http://a.example').host.includes('evil'),
        false,
      );
      assert.equal(
        new URL(location(place, { stripPrefix: '/api' }) ?? '', 'http://a.example').host.includes('evil'),
        false,
      );
    }
  });

  it('may be that of Content-Location and of Refresh', () => {
    const strip = { stripPrefix: '/api' };
    assert.equal(rewritten('Content-Location: /x.html', strip), '/api/x.html');
    assert.equal(rewritten('Refresh: 5; url=/x', strip), '5; url=/api/x');
    assert.equal(rewritten(`Refresh: 0;URL='http://10.0.0.1:8000/x'`, strip), `0;URL='/api/x'`);
    assert.equal(rewritten('Refresh: 5', strip), '5');
    assert.equal(rewritten('Refresh: soon', strip), 'soon');
  });
});

describe('a cookie', () => {
  const options = {
    domain: { 'app.internal': 'example.com', 'old.internal': '' },
    path: { '/app': '/', '/app/admin': '/admin', '/': '/other' },
  };
  const cookie = (value: string): string => rewriteCookie(value, options);

  it('has the domain that the client knows, or none', () => {
    assert.equal(cookie('a=b; Domain=app.internal; Secure'), 'a=b; Domain=example.com; Secure');
    assert.equal(cookie('a=b;domain=.APP.internal'), 'a=b; Domain=example.com');
    assert.equal(cookie('a=b; Domain=old.internal; HttpOnly'), 'a=b; HttpOnly');
    assert.equal(cookie('a=b; Domain=b.example'), 'a=b; Domain=b.example');
    assert.equal(cookie('a=b; Domain=constructor'), 'a=b; Domain=constructor');
  });

  it('has the path that the client knows, by the longest prefix of whole segments', () => {
    assert.equal(cookie('a=b; Path=/app'), 'a=b; Path=/');
    assert.equal(cookie('a=b; path=/app/x; Secure'), 'a=b; Path=/x; Secure');
    assert.equal(cookie('a=b; Path=/app/admin/x'), 'a=b; Path=/admin/x');
    assert.equal(cookie('a=b; Path=/apples'), 'a=b; Path=/other/apples');
    assert.equal(cookie('a=b; Path=/'), 'a=b; Path=/other');
    assert.equal(rewriteCookie('a=b; Path=/x', { domain: {}, path: { '/app': '/' } }), 'a=b; Path=/x');
  });

  it('is otherwise as it was, whatever is in its value', () => {
    for (const value of [
      'a=b',
      'path=/app',
      'a=Domain=app.internal',
      'a=b; Expires=Wed, 25 Nov 2026 16:00:00 GMT; x',
      '',
    ]) {
      assert.equal(cookie(value), value);
    }
  });
});
