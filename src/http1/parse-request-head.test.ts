import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { get, head } from '../../test/support/message.ts';
import { parsedRequest, requestOutcome } from '../../test/support/parse-request.ts';
import { NEED_MORE, SEEN } from './field-section.ts';
import { RequestHeadParser } from './parse-request-head.ts';

/** The part of the outcome that these tests are about. */
function target(message: string): Record<string, string> {
  const { form, path, query, authority } = parsedRequest(message);
  return { form, path, query, authority };
}

describe('a request head', () => {
  it('is method, target, version and field lines (RFC 9112 §3, §5)', () => {
    const message = head('GET /a?b HTTP/1.1', 'Host: a.example', 'X-One:1', 'x-two: \t two words \t');
    assert.deepEqual(parsedRequest(message), {
      method: 'GET',
      form: 'origin',
      rawTarget: '/a?b',
      path: '/a',
      query: '?b',
      authority: 'a.example',
      version: 11,
      fields: [
        ['Host', 'a.example'],
        ['X-One', '1'],
        ['x-two', 'two words'],
      ],
      seen: SEEN.host,
      consumed: message.length,
    });
  });

  it('ends at its empty line: what follows is not looked at', () => {
    const message = get('/');
    assert.equal(parsedRequest(`${message}\0\xffGET`).consumed, message.length);
  });

  it('is awaited until it is whole', () => {
    const message = get('/a', 'X: y');
    for (let length = 0; length < message.length; length++) {
      assert.equal(requestOutcome(message.slice(0, length)), 'need-more', `${length} bytes`);
    }
  });

  it('may use any token as its method (RFC 9110 §9.1)', () => {
    for (const method of [
      'GET',
      'HEAD',
      'POST',
      'get',
      'GETS',
      'M-SEARCH',
      "!#$%&'*+-.^_`|~09",
      'A'.repeat(32),
    ]) {
      assert.equal(parsedRequest(head(`${method} / HTTP/1.1`, 'Host: a')).method, method);
    }
  });

  it('is of HTTP/1.0 or HTTP/1.1', () => {
    assert.equal(parsedRequest(head('GET / HTTP/1.0')).version, 10);
    assert.equal(parsedRequest(head('GET / HTTP/1.1', 'Host: a')).version, 11);
    // A higher minor version is read as the highest that there is (RFC 9110 §2.5).
    for (const version of ['1.2', '1.9']) {
      assert.equal(parsedRequest(head(`GET / HTTP/${version}`, 'Host: a')).version, 11);
      assert.equal(
        (requestOutcome(head(`GET / HTTP/${version}`)) as { error: string }).error,
        'http1.host.missing',
      );
    }
  });

  it('may have fields without a value, and bytes above ASCII in values (RFC 9110 §5.5)', () => {
    const { fields } = parsedRequest(
      head('GET / HTTP/1.0', 'Empty:', 'Blank: \t ', 'Text: caf\xe9 \xff', 'Tab: a\tb'),
    );
    assert.deepEqual(fields, [
      ['Empty', ''],
      ['Blank', ''],
      ['Text', 'caf\xe9 \xff'],
      ['Tab', 'a\tb'],
    ]);
  });

  it('tells which fields of framing and connection handling it has, in any case', () => {
    const bits = (line: string): number => parsedRequest(head('GET / HTTP/1.0', line)).seen;
    assert.equal(bits('CONTENT-length: 1'), SEEN.contentLength);
    assert.equal(bits('transfer-Encoding: chunked'), SEEN.transferEncoding);
    assert.equal(bits('connection: close'), SEEN.connection);
    assert.equal(bits('Expect: 100-continue'), SEEN.expect);
    assert.equal(bits('Upgrade: websocket'), SEEN.upgrade);
    assert.equal(bits('Content-Lengthy: 1'), 0);
    assert.equal(bits('Content-Lengt: 1'), 0);
  });
});

describe('the target of a request (RFC 9112 §3.2)', () => {
  it('in origin form is path and query; the authority is that of Host, in lower case', () => {
    const want = { form: 'origin', authority: 'a.example:8080' };
    const of = (raw: string): Record<string, string> =>
      target(head(`GET ${raw} HTTP/1.1`, 'Host: A.Example:8080'));
    assert.deepEqual(of('/'), { ...want, path: '/', query: '' });
    assert.deepEqual(of('/a/b?c=/d?e'), { ...want, path: '/a/b', query: '?c=/d?e' });
    assert.deepEqual(of('/?'), { ...want, path: '/', query: '?' });
    assert.deepEqual(of('//a.example/b'), { ...want, path: '/a.example/b', query: '' });
  });

  it('in absolute form overrides Host with its own authority (§3.2.2)', () => {
    const of = (raw: string): Record<string, string> =>
      target(head(`GET ${raw} HTTP/1.1`, 'Host: other.example'));
    const want = { form: 'absolute', authority: 'a.example' };
    assert.deepEqual(of('http://A.example'), { ...want, path: '/', query: '' });
    assert.deepEqual(of('HTTP://a.example/x/../y?z'), { ...want, path: '/y', query: '?z' });
    assert.deepEqual(of('https://a.example?z'), { ...want, path: '/', query: '?z' });
    assert.deepEqual(of('http://[::1]:80/'), { ...want, authority: '[::1]:80', path: '/', query: '' });
  });

  it('in authority form is for CONNECT alone (§3.2.3)', () => {
    assert.deepEqual(target(head('CONNECT A.example:443 HTTP/1.1', 'Host: a')), {
      form: 'authority',
      authority: 'a.example:443',
      path: '',
      query: '',
    });
    for (const line of [
      'CONNECT / HTTP/1.1',
      'CONNECT a.example HTTP/1.1',
      'CONNECT a.example: HTTP/1.1',
      'CONNECT :443 HTTP/1.1',
      'CONNECT a.example:0 HTTP/1.1',
      'CONNECT a.example:65536 HTTP/1.1',
      'CONNECT u@a.example:443 HTTP/1.1',
      'CONNECT http://a.example:443 HTTP/1.1',
      'CONNECT [::1] HTTP/1.1',
      'GET a.example:443 HTTP/1.1',
    ]) {
      assert.deepEqual(requestOutcome(head(line, 'Host: a')), {
        error: 'http1.target.malformed',
        offset: line.indexOf(' ') + 1,
      });
    }
  });

  it('in asterisk form is for OPTIONS alone (§3.2.4)', () => {
    const want = { form: 'asterisk', path: '*', query: '', authority: 'a' };
    assert.deepEqual(target(head('OPTIONS * HTTP/1.1', 'Host: a')), want);
    // So is the form in which a proxy is asked for it.
    assert.deepEqual(target(head('OPTIONS http://a HTTP/1.1', 'Host: b')), want);
    assert.equal(target(head('OPTIONS http://a/ HTTP/1.1', 'Host: b')).path, '/');
    assert.equal(target(head('OPTIONS http://a?b HTTP/1.1', 'Host: b')).path, '/');
    assert.equal(target(head('GET http://a HTTP/1.1', 'Host: b')).path, '/');
    assert.deepEqual(requestOutcome(head('GET * HTTP/1.1', 'Host: a')), {
      error: 'http1.target.malformed',
      offset: 4,
    });
  });

  it('is kept as the client wrote it, beside its normal form', () => {
    const { rawTarget, path } = parsedRequest(get('/%61/./b//c/../%2f'));
    assert.equal(rawTarget, '/%61/./b//c/../%2f');
    assert.equal(path, '/a/b/%2F');
  });

  it('may hold what browsers send beside the grammar', () => {
    const { rawTarget, path, query } = parsedRequest(get('/a[1]|{b}^`?c[]={|}^`'));
    assert.equal(rawTarget, '/a[1]|{b}^`?c[]={|}^`');
    // What goes on is what RFC 3986 has room for (ADR 0005).
    assert.equal(path, '/a%5B1%5D%7C%7Bb%7D%5E%60');
    assert.equal(query, '?c%5B%5D=%7B%7C%7D%5E%60');
  });
});

describe('a parser of request heads', () => {
  it('serves one message after the other', () => {
    const parser = new RequestHeadParser({ headerBytes: 100, headers: 2, uriBytes: 10 });
    const bytes = Buffer.from(get('/one', 'A: 1') + get('/two', 'B: 2'));
    const first = parser.parse(bytes, 0, bytes.length);
    const one = parser.head;
    assert.equal(parser.atStart, false);
    parser.reset();
    assert.equal(parser.atStart, true);
    assert.equal(parser.parse(bytes, first, bytes.length), bytes.length);
    assert.equal(parser.head?.headers.get('b'), '2');
    assert.deepEqual(
      [...(one?.headers ?? [])],
      [
        ['Host', 'localhost'],
        ['A', '1'],
      ],
    );
  });

  it('does not start over when more of a head comes: a method, target, name or value is scanned once', () => {
    const message = Buffer.from(head('GET /a/b HTTP/1.0', 'X-One: 1', 'X-Two: two words', 'X-Three:'));
    const version = message.indexOf('HTTP');
    const parser = new RequestHeadParser({ headerBytes: 1000, headers: 10, uriBytes: 100 });
    for (let end = 1; end < message.length; end++) {
      // What was there before is blotted out, but for the version: whoever scans it again refuses it.
      const bytes = Buffer.alloc(end);
      message.copy(bytes, version, version, Math.min(end, version + 8));
      message.copy(bytes, end - 1, end - 1, end);
      assert.equal(parser.parse(bytes, 0, end), NEED_MORE);
    }
    assert.equal(parser.parse(message, 0, message.length), message.length);
    assert.equal(parser.head?.headers.get('x-two'), 'two words');
  });
});
