import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { only, trusting, upstreamLines } from '../../../test/support/upstream-head.ts';
import { get, head } from '../../../test/support/message.ts';

describe('the head that an upstream gets', () => {
  it('is that of the client, with our word on who asked, how, and for what', () => {
    assert.deepEqual(upstreamLines(get('/a?b', 'Accept: */*', 'Cookie: a=b', 'cookie: c=d')), [
      'GET /a?b HTTP/1.1',
      'Host: localhost',
      'Accept: */*',
      'Cookie: a=b',
      'cookie: c=d',
      'Via: 1.1 dreamserver',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: localhost',
      'X-Request-Id: ID',
    ]);
  });

  it('has no field that concerns one connection only, nor one that it nominates (RFC 9110 §7.6.1)', () => {
    const lines = upstreamLines(
      get(
        '/',
        'Connection: close, X-Hop',
        'X-Hop: 1',
        'x-hop: 2',
        'Keep-Alive: 5',
        'TE: trailers',
        'Upgrade: h2c',
        'HTTP2-Settings: x',
        'Proxy-Connection: x',
        'Trailer: y',
        'X-Kept: 3',
      ),
    );
    assert.deepEqual(lines.slice(1, 3), ['Host: localhost', 'X-Kept: 3']);
    assert.match(lines[3], /^Via/);
  });

  it('keeps our fields also where the client nominates them', () => {
    const lines = upstreamLines(get('/', 'Connection: x-forwarded-for, via, x-request-id, host'));
    assert.equal(only(lines, /^(x-forwarded-for|via|x-request-id|host):/i).length, 4);
  });

  it('does not pass on Expect: it is met on this side', () => {
    assert.deepEqual(
      only(upstreamLines(head('PUT / HTTP/1.1', 'Host: a', 'Expect: 100-continue')), /expect/i),
      [],
    );
  });

  it('has one id: ours, or that of a trusted proxy', () => {
    const ids = (...args: Parameters<typeof upstreamLines>): string[] =>
      only(upstreamLines(...args), /^x-request-id/i);
    assert.deepEqual(ids(get('/', 'X-Request-Id: forged')), ['X-Request-Id: ID']);
    const exchange = exchangeOf(get('/', 'X-Request-Id: theirs'), { trust: trusting('x-forwarded') });
    assert.equal(exchange.id, 'theirs');
    assert.deepEqual(ids(get('/', 'x-request-id: theirs'), { trust: trusting('x-forwarded') }), [
      'X-Request-Id: ID',
    ]);
  });

  it('names us in Via, behind those before us, with the version that the client spoke (RFC 9110 §7.6.3)', () => {
    assert.deepEqual(only(upstreamLines(get('/', 'Via: 1.0 them')), /^via/i), [
      'Via: 1.0 them',
      'Via: 1.1 dreamserver',
    ]);
    assert.deepEqual(only(upstreamLines(head('GET / HTTP/1.0')), /^via/i), ['Via: 1.0 dreamserver']);
  });
});

describe('the Host that an upstream gets', () => {
  const host = (message: string, mode: string): string =>
    upstreamLines(message, { proxy: { host: mode } })[1];

  it('is that of the client, that of the server, or one of the configuration', () => {
    assert.equal(host(get('/'), 'preserve'), 'Host: localhost');
    assert.equal(host(get('/'), 'upstream'), 'Host: 10.0.0.1:8000');
    assert.equal(host(get('/'), 'app.internal'), 'Host: app.internal');
  });

  it('is that of an absolute target, whatever Host says (RFC 9112 §3.2.2)', () => {
    assert.equal(host(get('http://A.example:81/'), 'preserve'), 'Host: a.example:81');
  });

  it('is that of the server where the client named none', () => {
    assert.equal(host(head('GET / HTTP/1.0'), 'preserve'), 'Host: 10.0.0.1:8000');
    assert.equal(host(head('GET / HTTP/1.1', 'Host:'), 'preserve'), 'Host: 10.0.0.1:8000');
  });
});

describe('the target that an upstream gets', () => {
  const target = (raw: string, stripPrefix?: string, method = 'GET'): string =>
    upstreamLines(head(`${method} ${raw} HTTP/1.1`, 'Host: a'), { proxy: { stripPrefix } })[0].split(' ')[1];

  it('is the normal form of the path, which the routes have seen, and the query as it came', () => {
    assert.equal(target('/%61//b/../c?d=%61//..'), '/a/c?d=%61//..');
    assert.equal(target('http://b/x?y'), '/x?y');
    assert.equal(target('*', undefined, 'OPTIONS'), '*');
  });

  it('loses a prefix of whole segments', () => {
    assert.equal(target('/api/users?a', '/api'), '/users?a');
    assert.equal(target('/api', '/api'), '/');
    assert.equal(target('/api/', '/api'), '/');
    assert.equal(target('/api?a', '/api'), '/?a');
    assert.equal(target('/apiary', '/api'), '/apiary');
    assert.equal(target('/other/api', '/api'), '/other/api');
    assert.equal(target('*', '/api', 'OPTIONS'), '*');
  });

  it('cannot climb out of the prefix', () => {
    assert.equal(target('/api/%2e%2e/secret', '/api'), '/secret');
    assert.equal(target('/api//secret', '/api'), '/secret');
  });
});
