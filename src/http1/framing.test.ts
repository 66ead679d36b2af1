/**
 * A request whose end two readers see in two places smuggles another one past the first of them. So there is one
 * verdict on where a message ends, and everything that leaves a doubt is refused (RFC 9112 §6.3, §11.2).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsedRequest } from '../../test/support/parse-request.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import { head } from '../../test/support/message.ts';
import type { HttpVersion } from '../http/head.ts';
import type { ErrorCode } from '../core/errors.ts';
import {
  CHUNKED,
  endIsDoubtful,
  framingOffset,
  requestFraming,
  responseFraming,
  UNTIL_CLOSE,
  wantsKeepAlive,
} from './framing.ts';
import { leniencyOf, STRICT } from './leniency.ts';

/** The bits that the head parser finds in these lines. */
const seenIn = (lines: readonly string[]): number => parsedRequest(head('GET / HTTP/1.0', ...lines)).seen;

function request(lines: readonly string[], version: HttpVersion = 11, lenient = STRICT): number | string {
  return requestFraming(version, parseFields(...lines), seenIn(lines), lenient);
}

interface Answer {
  readonly method?: string;
  readonly status?: number;
  readonly version?: HttpVersion;
}

function response(lines: readonly string[], answer: Answer = {}): number | string {
  const { method = 'GET', status = 200, version = 11 } = answer;
  return responseFraming(method, status, version, parseFields(...lines), seenIn(lines));
}

const lengths = (...values: string[]): string[] => values.map((value) => `Content-Length: ${value}`);
const codings = (...values: string[]): string[] => values.map((value) => `Transfer-Encoding: ${value}`);

describe('the body of a request', () => {
  it('is empty without Content-Length and Transfer-Encoding (RFC 9112 §6.3, rule 7)', () => {
    assert.equal(request([]), 0);
    assert.equal(request(['Content-Type: a/b'], 10), 0);
  });

  it('is as long as Content-Length says', () => {
    for (const [value, length] of [
      ['0', 0],
      ['5', 5],
      ['007', 7],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ] as const) {
      assert.equal(request(lengths(value)), length, value);
      assert.equal(request(lengths(value), 10), length, value);
    }
  });

  it('has its length said once, unless it is let pass where all agree (RFC 9110 §8.6)', () => {
    const lenient = leniencyOf(['equal-lengths']);
    for (const values of [['5', '5'], ['5, 5,\t05'], ['5', '5,5']]) {
      assert.equal(request(lengths(...values)), 'http1.framing.repeated-length', values.join(' | '));
      assert.equal(request(lengths(...values), 11, lenient), 5, values.join(' | '));
      assert.equal(response(lengths(...values)), 'http1.framing.repeated-length', values.join(' | '));
    }
    assert.equal(request(lengths('5', '6'), 11, lenient), 'http1.framing.differing-lengths');
    assert.equal(request(lengths('5', '+5'), 11, lenient), 'http1.framing.malformed-length');
  });

  it('has no certain length where they differ', () => {
    for (const values of [['5', '6'], ['5, 6'], ['5', '5, 6'], ['0', '5'], ['5', '0']]) {
      assert.equal(request(lengths(...values)), 'http1.framing.differing-lengths', values.join(' | '));
    }
  });

  it('has no length that is anything but digits', () => {
    const values = [
      '',
      ' ',
      '+1',
      '-1',
      '1 1',
      '0x10',
      '1e3',
      '1.0',
      '1,',
      ',1',
      '1,,1',
      '1;1',
      'one',
      '1_000',
      "1'000",
      '"1"',
      '1\xa0',
      '\xa01',
      '1, \xa01',
      '\xb2',
      '1\t1',
    ];
    for (const value of values) {
      assert.equal(request(lengths(value)), 'http1.framing.malformed-length', JSON.stringify(value));
    }
  });

  it('has no length that a number cannot hold exactly', () => {
    for (const value of [
      '9007199254740992',
      '9007199254740993',
      '18446744073709551616',
      '9'.repeat(30),
      '0'.repeat(20),
    ]) {
      assert.equal(request(lengths(value)), 'http1.framing.malformed-length', value);
    }
  });

  it('comes in chunks where that is the coding, in any case', () => {
    for (const value of ['chunked', 'Chunked', 'CHUNKED', ' chunked ', '\tchunked']) {
      assert.equal(request(codings(value)), CHUNKED, value);
    }
  });

  it('does not come in chunks where a tab stands behind the coding, which others take for a part of it', () => {
    for (const value of ['chunked\t', 'chunked \t', 'chunked\t ']) {
      assert.equal(request(codings(value)), 'http1.framing.malformed-coding', JSON.stringify(value));
    }
  });

  it('has not both a length and a coding (RFC 9112 §6.1)', () => {
    for (const fields of [
      [...lengths('5'), ...codings('chunked')],
      [...codings('chunked'), ...lengths('5')],
      [...codings('x'), ...lengths('y')],
    ]) {
      assert.equal(request(fields), 'http1.framing.length-and-coding');
      assert.equal(request(fields, 10), 'http1.framing.length-and-coding');
    }
  });

  it('has no coding in HTTP/1.0 (RFC 9112 §6.1)', () => {
    assert.equal(request(codings('chunked'), 10), 'http1.framing.coding-in-1.0');
  });

  it('has no end that is known where chunked is not the last coding, or stands twice (RFC 9112 §6.3, rule 4)', () => {
    for (const values of [
      ['identity'],
      ['gzip'],
      ['chunked, gzip'],
      ['chunked', 'identity'],
      ['chunked, chunked'],
      ['chunked', 'chunked'],
      ['identity', 'chunked', 'identity'],
      ['chunked, identity, chunked'],
      ['xchunked'],
      ['chunkedx'],
      ['x-chunked'],
      ['chunke'],
    ]) {
      assert.equal(request(codings(...values)), 'http1.framing.chunked-not-final', values.join(' | '));
    }
  });

  it('has no coding that only looks like chunked', () => {
    for (const value of [
      '',
      ',chunked',
      ', chunked',
      'chunked,',
      'chunked,,gzip',
      '"chunked"',
      "'chunked'x y",
      'chunked;q=1',
      'chunked ; q=1',
      'chunked;',
      'gzip, "chunked"',
      'gzip;a="b, chunked"',
      'gzip chunked',
      'chunked chunked',
      '\xa0chunked',
      'chunked\xa0',
      '\xff\xfechunked',
      'chun ked',
      'chunked=1',
      ':chunked',
      'chunked\\',
      '[chunked]',
    ]) {
      assert.equal(request(codings(value)), 'http1.framing.malformed-coding', JSON.stringify(value));
    }
    for (const values of [
      ['', 'chunked'],
      ['chunked', ''],
    ]) {
      assert.equal(request(codings(...values)), 'http1.framing.malformed-coding', values.join(' | '));
    }
  });

  it('is not decoded from codings before chunked: none is spoken (RFC 9112 §6.1)', () => {
    assert.equal(request(codings('gzip, chunked')), 'http1.framing.unknown-coding');
    assert.equal(request(codings('gzip', 'chunked')), 'http1.framing.unknown-coding');
    assert.equal(request(codings('identity, chunked')), 'http1.framing.unknown-coding');
    assert.equal(request(codings('gzip;level=9, chunked')), 'http1.framing.unknown-coding');
  });
});

describe('the body of a response', () => {
  it('is empty for HEAD, 1xx, 204 and 304, whatever its fields say (RFC 9112 §6.3, rule 1)', () => {
    for (const fields of [
      [],
      lengths('5'),
      codings('chunked'),
      lengths('nonsense'),
      [...lengths('5'), ...codings('chunked')],
    ]) {
      assert.equal(response(fields, { method: 'HEAD' }), 0);
      for (const status of [100, 103, 204, 304])
        assert.equal(response(fields, { status }), 0, String(status));
    }
  });

  it('is empty for a CONNECT that succeeded (rule 2)', () => {
    assert.equal(response(lengths('5'), { method: 'CONNECT' }), 0);
    assert.equal(response(lengths('5'), { method: 'CONNECT', status: 404 }), 5);
  });

  it('lasts until the connection closes without a field that says more (rule 8)', () => {
    assert.equal(response([]), UNTIL_CLOSE);
    assert.equal(response([], { version: 10 }), UNTIL_CLOSE);
  });

  it('follows the rules of requests otherwise', () => {
    assert.equal(response(lengths('5')), 5);
    assert.equal(response(codings('chunked')), CHUNKED);
    assert.equal(response([...lengths('5'), ...codings('chunked')]), 'http1.framing.length-and-coding');
    assert.equal(response(codings('chunked'), { version: 10 }), 'http1.framing.coding-in-1.0');
    assert.equal(response(lengths('5', '6')), 'http1.framing.differing-lengths');
  });
});

describe('an answer that ends with its head', () => {
  const doubtful = (lines: readonly string[], answer: Answer): boolean => {
    const { method = 'GET', status = 200, version = 11 } = answer;
    return endIsDoubtful(method, status, version, parseFields(...lines), seenIn(lines));
  };

  it('leaves no doubt where no field speaks of a body', () => {
    for (const status of [100, 103, 204, 304]) assert.equal(doubtful([], { status }), false);
    assert.equal(doubtful([], { method: 'HEAD' }), false);
    assert.equal(doubtful(lengths('0'), { status: 204 }), false);
  });

  it('leaves none for HEAD and 304, whose fields are those of another answer (RFC 9110 §8.6)', () => {
    for (const answer of [{ method: 'HEAD' }, { status: 304 }]) {
      assert.equal(doubtful(lengths('5'), answer), false);
      assert.equal(doubtful(codings('chunked'), answer), false);
    }
  });

  it('leaves one where 1xx or 204 speak of a body (RFC 9112 §6.1, RFC 9110 §8.6)', () => {
    for (const status of [100, 103, 204]) {
      assert.equal(doubtful(lengths('5'), { status }), true);
      assert.equal(doubtful(codings('chunked'), { status }), true);
    }
  });

  it('leaves one where its fields would be refused elsewhere', () => {
    for (const answer of [{ method: 'HEAD' }, { status: 304 }, { status: 204 }]) {
      assert.equal(doubtful([...lengths('0'), ...codings('chunked')], answer), true);
      assert.equal(doubtful(lengths('5', '6'), answer), true);
      assert.equal(doubtful(codings('xchunked'), answer), true);
    }
  });

  it('is none that has a body', () => {
    assert.equal(doubtful(lengths('5'), {}), false);
    assert.equal(doubtful(lengths('5'), { method: 'CONNECT', status: 404 }), false);
  });
});

describe('a refusal by the fields of a head', () => {
  it('is about the value at this byte', () => {
    const at = (marked: string[], version: HttpVersion = 11): void => {
      const lines = marked.map((line) => line.replace('‸', ''));
      const headers = parseFields(...lines);
      const code = requestFraming(version, headers, seenIn(lines));
      assert.equal(typeof code, 'string');
      const expected = marked.join('\r\n').indexOf('‸');
      assert.equal(framingOffset(headers, code as ErrorCode), expected, marked.join(' | '));
    };
    at(['Content-Length: 5', 'Transfer-Encoding: ‸chunked']);
    at(['Transfer-Encoding: chunked', 'X: y', 'Content-Length: ‸5']);
    at(['X: y', 'Content-Length: ‸+5']);
    at(['Content-Length: 5', 'Content-Length: ‸x']);
    at(['Content-Length: 5', 'X: y', 'Content-Length: ‸6', 'Content-Length: 7']);
    at(['Content-Length: 5', 'Content-Length: ‸5']);
    at(['Content-Length: ‸5, 5', 'Content-Length: 5']);
    at(['Content-Length: ‸5, 6', 'Content-Length: 5']);
    at(['Content-Length: 5', 'Content-Length: 5', 'Content-Length: ‸x']);
    at(['Transfer-Encoding: ‸chunked'], 10);
    at(['Transfer-Encoding: ‸gzip']);
    at(['Transfer-Encoding: ‸gzip', 'Transfer-Encoding: chunked']);
  });

  it('may also be for a body that is too large, or an expectation', () => {
    const headers = parseFields('Content-Length: 5', 'Expect: more');
    assert.equal(framingOffset(headers, 'http1.body.too-large'), 16);
    assert.equal(framingOffset(headers, 'http1.expectation.unknown'), 27);
  });
});

describe('a connection after a message (RFC 9112 §9.3)', () => {
  const kept = (version: HttpVersion, ...lines: string[]): boolean =>
    wantsKeepAlive(version, parseFields(...lines), seenIn(lines));

  it('is kept in HTTP/1.1, unless close is said', () => {
    assert.equal(kept(11), true);
    assert.equal(kept(11, 'Connection: x-own'), true);
    for (const value of ['close', 'CLOSE', 'x-own, Close', 'keep-alive,close', 'close, keep-alive']) {
      assert.equal(kept(11, `Connection: ${value}`), false, value);
    }
    assert.equal(kept(11, 'Connection: keep-alive', 'Connection: close'), false);
  });

  it('is closed in HTTP/1.0, unless keep-alive is said', () => {
    assert.equal(kept(10), false);
    assert.equal(kept(10, 'Connection: x-own'), false);
    assert.equal(kept(10, 'Connection: Keep-Alive'), true);
    assert.equal(kept(10, 'Connection: x-own,\tkeep-alive'), true);
    assert.equal(kept(10, 'Connection: keep-alive, close'), false);
  });

  it('is not told by words that only contain close or keep-alive', () => {
    assert.equal(kept(11, 'Connection: closed, x-close'), true);
    assert.equal(kept(10, 'Connection: keep-alive2'), false);
  });
});
