/** Every way in which a request's head can be wrong: the code that names the rule, and the byte that breaks it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { head } from '../../test/support/message.ts';
import { parsedRequest, requestOutcome } from '../../test/support/parse-request.ts';
import { errorCatalogue, type ErrorCode } from '../core/errors.ts';

const refusedCodes = new Set<string>();

/** The code that a message is refused with; `‸` in it marks the byte that must be named, and is not sent. */
function refuses(marked: string, error: ErrorCode, limits?: Parameters<typeof requestOutcome>[1]): void {
  const offset = marked.indexOf('‸');
  const message = marked.replace('‸', '');
  assert.deepEqual(
    requestOutcome(message, limits),
    { error, offset: Math.max(offset, 0) },
    JSON.stringify(marked),
  );
  refusedCodes.add(error);
}

/** A field line, or several, in a request that is fine otherwise. */
const withField = (line: string): string => `GET / HTTP/1.0\r\n${line}\r\n\r\n`;

describe('a request line is refused', () => {
  it('with white space anywhere but before target and version (RFC 9112 §3)', () => {
    refuses('‸ GET / HTTP/1.1\r\n', 'http1.method.malformed');
    refuses('GET ‸ / HTTP/1.1\r\n', 'http1.request-line.malformed');
    refuses('GET‸\t/ HTTP/1.1\r\n', 'http1.method.malformed');
    refuses('GET / ‸ HTTP/1.1\r\n', 'http1.version.malformed');
    refuses('GET / HTTP/1.1‸ \r\n', 'http1.version.malformed');
    refuses('GET /a‸\tHTTP/1.1\r\n', 'http1.target.malformed');
  });

  it('without version or target: HTTP/0.9 is not spoken', () => {
    refuses('GET /‸\r\n', 'http1.request-line.malformed');
    refuses('GET‸\r\n', 'http1.method.malformed');
    refuses('‸\r\rGET', 'http1.method.malformed');
  });

  it('whose method is no token, or endless (RFC 9112 §3)', () => {
    for (const byte of ['(', '/', ':', '@', '\0', '\x7f', '\xe9', '"', '{']) {
      refuses(`GE‸${byte}T / HTTP/1.1\r\n`, 'http1.method.malformed');
    }
    refuses(`${'A'.repeat(32)}‸A`, 'http1.method.too-long');
  });

  it('whose target holds a byte that belongs in none (RFC 3986 §2)', () => {
    for (const byte of ['\0', '\x01', '\x1f', '"', '#', '<', '>', '\\', '\x7f', '\x80', '\xff']) {
      refuses(`GET /a‸${byte}b HTTP/1.1\r\n`, 'http1.target.malformed');
    }
  });

  it('whose target has none of the four forms (RFC 9112 §3.2)', () => {
    for (const target of [
      'a',
      '?a',
      'a.example/b',
      'http:/a',
      'http:///a',
      'http:a',
      'http://',
      'http://?a',
      'http://:80/',
      'ftp://a/b',
      'http://u@a/',
      'http://u:p@a/',
      'http://a@b@c/',
      'http://a:b/',
      'http://a:65536/',
      'http://[::1/',
      'http://a%2eb/',
      'http://a,b/',
      'http://a[1]/',
      'http://a|b/',
    ]) {
      refuses(head(`GET ‸${target} HTTP/1.1`, 'Host: a'), 'http1.target.malformed');
    }
  });

  it('whose path is broken, or climbs above the root', () => {
    for (const path of [
      '/%',
      '/%2',
      '/%zz',
      '/a%00b',
      '/..',
      '/a/../..',
      '/%2e%2e/',
      '/a/.%2E/../b',
      '/a/..;/b',
      '/..%2f',
    ]) {
      refuses(head(`GET ‸${path} HTTP/1.1`, 'Host: a'), 'http1.target.malformed');
    }
  });

  it('whose version is malformed (RFC 9112 §2.3)', () => {
    for (const version of [
      '‸http/1.1',
      'HTT‸X/1.1',
      'HTTP‸ 1.1',
      'HTTP/‸.1',
      'HTTP/1‸,1',
      'HTTP/1.‸x',
      'HTTP/1.1‸1',
    ]) {
      refuses(`GET / ${version}\r\n`, 'http1.version.malformed');
    }
  });

  it('of another major version than 1 (RFC 9110 §15.6.6)', () => {
    for (const version of ['HTTP/0.9', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/9.1']) {
      refuses(`GET / ‸${version}\r\n`, 'http1.version.unsupported');
    }
    refuses('PRI * ‸HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http1.version.unsupported');
  });

  it('that ends in anything but CRLF (RFC 9112 §2.2)', () => {
    refuses('GET‸\n', 'http1.method.malformed');
    refuses('GET /‸\n', 'http1.line.bare-lf');
    refuses('GET / HTTP/1.1‸\nHost: a', 'http1.line.bare-lf');
    refuses('GET / HTTP/1.1‸\rHost: a', 'http1.line.bare-cr');
    refuses('GET / HTTP/1.1‸\r\r\n', 'http1.line.bare-cr');
  });
});

describe('a field line is refused', () => {
  it('whose name is no token (RFC 9110 §5.1)', () => {
    for (const byte of ['(', '/', '@', '\0', '\x7f', '\xe9', '"', '{', '=', '\r']) {
      refuses(withField(`Na‸${byte}me: a`), 'http1.field.malformed-name');
    }
    refuses(withField('‸: a'), 'http1.field.malformed-name');
    refuses(withField('‸\0: a'), 'http1.field.malformed-name');
  });

  it('with white space before its colon: it is how requests are smuggled (RFC 9112 §5.1)', () => {
    refuses(withField('Name‸ : a'), 'http1.field.space-before-colon');
    refuses(withField('Name‸\t: a'), 'http1.field.space-before-colon');
    refuses(withField('Two‸ words'), 'http1.field.space-before-colon');
  });

  it('that begins with white space: line folding is obsolete (RFC 9112 §5.2)', () => {
    refuses(withField('A: a\r\n‸ folded'), 'http1.field.line-folding');
    refuses(withField('A: a\r\n‸\tfolded'), 'http1.field.line-folding');
    refuses(withField('‸ A: a'), 'http1.field.line-folding');
  });

  it('whose value holds a control byte (RFC 9110 §5.5)', () => {
    for (const byte of ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f']) {
      refuses(withField(`A: a‸${byte}b`), 'http1.field.malformed-value');
    }
  });

  it('that ends in anything but CRLF (RFC 9112 §2.2)', () => {
    refuses('GET / HTTP/1.0\r\nA: a‸\nB: b\r\n\r\n', 'http1.line.bare-lf');
    refuses('GET / HTTP/1.0\r\nA: a‸\rB: b\r\n\r\n', 'http1.line.bare-cr');
    refuses('GET / HTTP/1.0\r\nA‸\n', 'http1.line.bare-lf');
    refuses('GET / HTTP/1.0\r\nA: a\r\n‸\n', 'http1.line.bare-lf');
    refuses('GET / HTTP/1.0\r\nA: a\r\n‸\rX', 'http1.line.bare-cr');
  });
});

describe('the Host field (RFC 9112 §3.2)', () => {
  it('stands in every request of HTTP/1.1', () => {
    refuses('GET / HTTP/1.1\r\nX: y\r\n‸\r\n', 'http1.host.missing');
    refuses('GET http://a/ HTTP/1.1\r\n‸\r\n', 'http1.host.missing');
  });

  it('stands only once, whatever the version, and even where both are equal', () => {
    for (const version of ['1.0', '1.1']) {
      refuses(head(`GET / HTTP/${version}`, 'Host: a', 'hOST: ‸a'), 'http1.host.repeated');
      refuses(head(`GET / HTTP/${version}`, 'Host: a', 'X: y', 'Host: ‸b', 'Host: a'), 'http1.host.repeated');
    }
  });

  it('is a host with an optional port, or empty', () => {
    for (const host of [
      'a b',
      'a/b',
      'a:b',
      'a:80:80',
      'user@a',
      '[::1',
      '::1',
      '[::g]',
      'a?b',
      'a#b',
      'a\\b',
      '\xe9',
      'a:123456',
      'a:65536',
      ':80',
      'a,b',
      'a%2eb',
      '[1:2]',
      '[fe80::1%25eth0]',
    ]) {
      refuses(head('GET / HTTP/1.1', `Host: ‸${host}`), 'http1.host.malformed');
    }
    // An empty one is for no host in particular (RFC 9112 §3.3).
    for (const host of ['a', 'A-b.c_d', 'a:80', 'a:', '127.0.0.1:8080', '[::1]', '[::1]:80', '']) {
      assert.equal(parsedRequest(head('GET / HTTP/1.1', `Host: ${host}`)).authority, host.toLowerCase());
    }
  });

  it('is checked also where the target overrides it', () => {
    refuses(head('GET http://a/ HTTP/1.1', 'Host: ‸a b'), 'http1.host.malformed');
  });

  it('is checked anew for every request, also after a good one', () => {
    assert.equal(parsedRequest(head('GET / HTTP/1.1', 'Host: good')).authority, 'good');
    refuses(head('GET / HTTP/1.1', 'Host: ‸b ad'), 'http1.host.malformed');
    assert.equal(parsedRequest(head('GET / HTTP/1.1', 'Host: good')).authority, 'good');
  });
});

describe('the limits of a head', () => {
  it('bound its target', () => {
    const limits = { uriBytes: 8 };
    assert.equal(parsedRequest(head('GET /1234567 HTTP/1.0'), limits).path, '/1234567');
    refuses(head('GET /1234567‸8 HTTP/1.0'), 'http1.request-line.too-long', limits);
  });

  it('bound the number of its fields', () => {
    const limits = { headers: 2 };
    assert.equal(parsedRequest(head('GET / HTTP/1.0', 'A: 1', 'B: 2'), limits).fields.length, 2);
    refuses(head('GET / HTTP/1.0', 'A: 1', 'B: 2', '‸C: 3'), 'http1.head.too-many-fields', limits);
  });

  it('bound its bytes in all', () => {
    const message = head('GET / HTTP/1.0', 'A: 123');
    assert.equal(parsedRequest(message, { headerBytes: message.length }).fields.length, 1);
    refuses(head('GET / HTTP/1.0', 'A: 1234').replace(/\n$/, '‸\n'), 'http1.head.too-large', {
      headerBytes: message.length,
    });
  });

  it('count against the request line where that alone is too large (RFC 9112 §3)', () => {
    refuses('GET /123‸45 HTTP/1.0\r\n', 'http1.request-line.too-long', { headerBytes: 8 });
  });
});

describe('a parser of request heads', () => {
  it('has a test above for every code of the catalogue that it can give', () => {
    const families = /^http1\.(request-line|method|target|version|field|line|host|head)\./;
    const given = Object.keys(errorCatalogue).filter((code) => families.test(code));
    // The connection gives this one, when it ends.
    assert.deepEqual(
      given.filter((code) => !refusedCodes.has(code)),
      ['http1.head.incomplete'],
    );
  });

  it('answers the same however the bytes are cut, whatever they are, and never throws', () => {
    const piece = fc.constantFrom(
      'GET',
      'POST',
      'CONNECT',
      'OPTIONS',
      ' ',
      ' ',
      '/',
      '*',
      '/a',
      '..',
      '%2e',
      '%',
      'http://a',
      'HTTP/1.1',
      'HTTP/1.0',
      'HTTP/2',
      '\r\n',
      '\r\n',
      '\r',
      '\n',
      ':',
      'Host: a',
      'Host',
      'A: b',
      'Content-Length: 1',
      '\t',
      '\0',
      '\xff',
      'x',
    );
    const line = fc.oneof(
      fc.constantFrom('GET / HTTP/1.1\r\nHost: a\r\n', 'GET /a HTTP/1.0\r\n', 'OPTIONS * HTTP/1.1\r\n'),
      fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(line, fc.array(piece, { maxLength: 10 }), (start, rest) => {
        requestOutcome(start + rest.join(''), { headerBytes: 80, headers: 3, uriBytes: 20 });
      }),
      { numRuns: 300 },
    );
  });
});
