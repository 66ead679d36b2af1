/** A redirect is followed only where it stays on the upstream: the client asked us, and not whoever an answer names. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields } from '../../../test/support/parse-fields.ts';
import { upstreamServer } from '../../../test/support/proxy-server.ts';
import { redirectTarget } from './redirects.ts';

const server = upstreamServer('http://10.0.0.1:8000');

/** Where an answer to `http://a.example/dir/page?query` leads. */
function leads(location: string | undefined, { status = 302, host = 'a.example' } = {}): string | undefined {
  const headers = parseFields(...(location === undefined ? [] : [`Location: ${location}`]));
  return redirectTarget({ status, reason: '', version: 11, headers }, '/dir/page?query', host, server);
}

describe('a redirect (RFC 9110 §10.2.2)', () => {
  it('is an answer of 301, 302, 303, 307 or 308 that says where', () => {
    for (const status of [301, 302, 303, 307, 308]) assert.equal(leads('/', { status }), '/');
    for (const status of [300, 304, 305, 306]) assert.equal(leads('/', { status }), undefined);
    assert.equal(leads(undefined), undefined);
  });

  it('may be relative to the target that it answers', () => {
    assert.equal(leads('/other?a=b'), '/other?a=b');
    assert.equal(leads('other'), '/dir/other');
    assert.equal(leads('../other/'), '/other/');
    assert.equal(leads('?next'), '/dir/page?next');
    assert.equal(leads('/a#fragment'), '/a');
    assert.equal(leads(''), '/dir/page?query');
  });

  it('may be absolute, with the host that was asked for or the server itself', () => {
    assert.equal(leads('http://a.example/x'), '/x');
    assert.equal(leads('http://A.EXAMPLE:80/x'), '/x');
    assert.equal(leads('//a.example/x'), '/x');
    assert.equal(leads('http://10.0.0.1:8000/x?y'), '/x?y');
    assert.equal(leads('http://a.example'), '/');
    assert.equal(leads('http://a.example:81/x', { host: 'a.example:81' }), '/x');
  });

  it('is left to the client when it leads anywhere else', () => {
    for (const location of [
      'http://b.example/x',
      'https://a.example/x',
      '//b.example/x',
      'http://a.example:8080/x',
      'http://10.0.0.1/x',
      'http://u:p@a.example/',
      'http://u@a.example/',
      'ftp://a.example/',
      'javascript:alert(1)',
      'http://',
      'http://a b/',
      'http://a.example.b.example/',
      '\\\\b.example\\x',
    ]) {
      assert.equal(leads(location), undefined, location);
    }
  });

  it('leads to a path in its normal form, and nowhere when that is broken', () => {
    assert.equal(leads('/%61/%2e%2e//b'), '/b');
    assert.equal(leads('/a%00'), undefined);
    assert.equal(leads('/a%zz'), undefined);
  });

  it('may hold bytes above ASCII, which are UTF-8', () => {
    assert.equal(leads(Buffer.from('/café?ü').toString('latin1')), '/caf%C3%A9?%C3%BC');
  });

  it('is not followed for a host that makes no URL', () => {
    assert.equal(leads('/x', { host: 'a,b' }), '/x');
    assert.equal(leads('/x', { host: '%zz' }), undefined);
  });
});
