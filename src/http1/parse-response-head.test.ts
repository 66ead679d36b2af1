import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseInPieces, sameForEveryCut } from '../../test/support/in-pieces.ts';
import { head } from '../../test/support/message.ts';
import { SEEN } from './field-section.ts';
import { leniencyOf, STRICT } from './leniency.ts';
import { ResponseHeadParser } from './parse-response-head.ts';

const LIMITS = { headerBytes: 1000, headers: 10, uriBytes: 0 };

interface Parsed {
  readonly status: number;
  readonly reason: string;
  readonly version: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly seen: number;
  readonly consumed: number;
}

/** What becomes of a response's head, however its bytes are cut. */
function outcome(message: string, limits = LIMITS, lenient = STRICT): Parsed | string {
  const bytes = Buffer.from(message, 'latin1');
  return sameForEveryCut(bytes, (ends) => {
    const parser = new ResponseHeadParser(limits, lenient);
    const verdict = parseInPieces(bytes, ends, (...piece) => parser.parse(...piece));
    if (verdict === 'need-more') return verdict;
    if (verdict === 'refused') {
      return `${parser.error} (${parser.detail} at ${parser.errorOffset})`;
    }
    assert.ok(parser.head);
    const { headers, derived: _, ...rest } = parser.head;
    return { ...rest, fields: [...headers], seen: parser.seen, consumed: verdict.consumed };
  });
}

function statusLine(line: string): Pick<Parsed, 'status' | 'reason' | 'version'> | string {
  const parsed = outcome(head(line));
  if (typeof parsed === 'string') return parsed;
  return { status: parsed.status, reason: parsed.reason, version: parsed.version };
}

/** `‸` marks the byte that must be named, and is not sent. */
function refuses(marked: string, detail: string): void {
  const expected = `upstream.malformed-response (${detail} at ${marked.indexOf('‸')})`;
  assert.equal(outcome(marked.replace('‸', '')), expected, JSON.stringify(marked));
}

describe('a response head', () => {
  it('is version, status, reason and field lines (RFC 9112 §4, §5)', () => {
    const message = head('HTTP/1.1 200 OK', 'Content-Length: 5', 'x-own:1');
    assert.deepEqual(outcome(`${message}hello`), {
      status: 200,
      reason: 'OK',
      version: 11,
      fields: [
        ['Content-Length', '5'],
        ['x-own', '1'],
      ],
      seen: SEEN.contentLength,
      consumed: message.length,
    });
  });

  it('is awaited until it is whole', () => {
    const message = head('HTTP/1.1 200 OK', 'A: b');
    for (let length = 0; length < message.length; length++)
      assert.equal(outcome(message.slice(0, length)), 'need-more');
  });

  it('may have any status of the five classes, of HTTP/1.0 and HTTP/1.1', () => {
    for (const status of [100, 101, 199, 200, 204, 304, 418, 599]) {
      assert.deepEqual(statusLine(`HTTP/1.0 ${status} `), { status, reason: '', version: 10 });
    }
    // A higher minor version is read as the highest that there is (RFC 9110 §2.5).
    assert.deepEqual(statusLine('HTTP/1.2 200 OK'), { status: 200, reason: 'OK', version: 11 });
  });

  it('may have a reason of any words, or none', () => {
    for (const reason of ['OK', 'Not  Found', 'caf\xe9', ' leading', 'tab\there', 'a: b']) {
      assert.deepEqual(statusLine(`HTTP/1.1 200 ${reason}`), { status: 200, reason, version: 11 });
    }
    assert.deepEqual(statusLine('HTTP/1.1 200 '), { status: 200, reason: '', version: 11 });
  });

  it('has a space behind the status, unless it is let pass without (RFC 9112 §4)', () => {
    refuses('HTTP/1.1 200‸\r\n\r\n', 'http1.status-line.missing-space');
    refuses('HTTP/1.1 200‸\n\n', 'http1.status-line.missing-space');
    const lenient = leniencyOf(['missing-reason-space']);
    const bare = outcome(head('HTTP/1.1 200', 'A: b'), LIMITS, lenient);
    assert.ok(typeof bare === 'object');
    assert.deepEqual([bare.status, bare.reason, bare.fields], [200, '', [['A', 'b']]]);
    const detail = (text: string): unknown => outcome(text, LIMITS, lenient);
    assert.equal(detail('HTTP/1.1 200\n\n'), 'upstream.malformed-response (http1.line.bare-lf at 12)');
    assert.equal(
      detail(head('HTTP/1.1 200OK')),
      'upstream.malformed-response (http1.status-line.malformed at 12)',
    );
  });

  it('may end its lines in LF and fold them where that is let pass', () => {
    const parsed = outcome(
      'HTTP/1.1 200 OK\nA: b\n c\nD: e\r\n\n',
      LIMITS,
      leniencyOf(['bare-lf', 'line-folding']),
    );
    assert.ok(typeof parsed === 'object');
    assert.equal(parsed.reason, 'OK');
    assert.deepEqual(parsed.fields, [
      ['A', 'b  c'],
      ['D', 'e'],
    ]);
  });

  it('is refused with any other status line', () => {
    const lines = [
      '‸\r',
      '‸ HTTP/1.1 200 OK',
      '‸http/1.1 200 OK',
      'HTTP/1.‸x 200 OK',
      'HTTP/‸2.0 200 OK',
      'HTTP/‸0.9 200 OK',
      'HTTP/1.1 ‸ 200 OK',
      'HTTP/1.1‸\t200 OK',
      'HTTP/1.1 200‸0 OK',
      'HTTP/1.1 20‸ OK',
      'HTTP/1.1 ‸099 OK',
      'HTTP/1.1 2‸x0 OK',
      'HTTP/1.1 ‸-20 OK',
      'HTTP/1.1 200‸\tOK',
      'HTTP/1.1 200‸OK',
      'HTTP/1.1 200 O‸\0K',
      'HTTP/1.1 200 O‸\x7fK',
      'HTTP/1.1‸',
      '‸ICY 200 OK',
      '‸hello',
    ];
    for (const line of lines) refuses(head(line), 'http1.status-line.malformed');
  });

  it('is refused with a status line that ends in anything but CRLF', () => {
    refuses('HTTP/1.1 200 OK‸\n\r\n', 'http1.line.bare-lf');
    refuses('HTTP/1.1 2‸\n', 'http1.line.bare-lf');
    refuses('HTTP/1.1 200 OK‸\r\r\n', 'http1.line.bare-cr');
    refuses('HTTP/1.1 200 OK‸\rA: b', 'http1.line.bare-cr');
  });

  it('is refused with a field line that is refused in a request, and tells the rule', () => {
    const lines = {
      'A‸ : b': 'http1.field.space-before-colon',
      '‸ A: b': 'http1.field.line-folding',
      'A: ‸\0': 'http1.field.malformed-value',
      'A‸\xe9: b': 'http1.field.malformed-name',
      'A: b‸\rC: d': 'http1.line.bare-cr',
      'A: b‸\nC: d': 'http1.line.bare-lf',
    };
    for (const [line, detail] of Object.entries(lines)) refuses(head('HTTP/1.1 200 OK', line), detail);
  });

  it('is refused past the limits of its bytes and its fields', () => {
    const message = head('HTTP/1.1 200 OK', 'A: b');
    assert.equal(typeof outcome(message, { ...LIMITS, headerBytes: message.length }), 'object');
    const tooLarge = (text: string, headerBytes: number): void =>
      assert.equal(
        outcome(text, { ...LIMITS, headerBytes }),
        `upstream.response-too-large (http1.head.too-large at ${headerBytes})`,
      );
    tooLarge(message, message.length - 1);
    tooLarge('HTTP/1.1 200 a very long reason', 20);
    assert.equal(
      outcome(head('HTTP/1.1 200 OK', 'A: 1', 'B: 2'), { ...LIMITS, headers: 1 }),
      'upstream.malformed-response (http1.head.too-many-fields at 23)',
    );
  });

  it('is parsed one after the other, as interim answers come (RFC 9110 §15.2)', () => {
    const parser = new ResponseHeadParser(LIMITS);
    const bytes = Buffer.from(
      head('HTTP/1.1 103 Early Hints', 'Link: a') + head('HTTP/1.1 200 OK', 'Upgrade: b'),
    );
    const first = parser.parse(bytes, 0, bytes.length);
    const interim = parser.head;
    parser.reset();
    assert.equal(parser.parse(bytes, first, bytes.length), bytes.length);
    assert.deepEqual([interim?.status, interim?.headers.get('link')], [103, 'a']);
    assert.deepEqual(
      [parser.head?.status, parser.head?.headers.has('link'), parser.seen],
      [200, false, SEEN.upgrade],
    );
  });

  it('comes to the same however its bytes are cut, whatever they are, and nothing is thrown', () => {
    const piece = fc.constantFrom(
      'HTTP/1.1',
      ' ',
      '200',
      'OK',
      '\r\n',
      '\r\n',
      '\r',
      '\n',
      'A: b',
      ':',
      '\t',
      '\0',
      '\xff',
      '2',
    );
    const start = fc.constantFrom(
      '',
      'HTTP/1.1 200',
      'HTTP/1.0 404 Not Found\r\n',
      'HTTP/1.1 200 OK\r\nA: b\r\n',
    );
    fc.assert(
      fc.property(start, fc.array(piece, { maxLength: 8 }), (line, rest) => {
        outcome(line + rest.join(''), { ...LIMITS, headerBytes: 60, headers: 2 });
      }),
    );
  });
});
