/**
 * A leniency is an opening: each lets pass the one mistake that it is named after, and none of those by which requests
 * are smuggled, whatever else is switched on.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { head } from '../../test/support/message.ts';
import { parsedRequest, requestOutcome } from '../../test/support/parse-request.ts';
import { FieldSection } from './field-section.ts';
import { leniencyOf, RESPONSE_LENIENCIES, STRICT, type LeniencyName } from './leniency.ts';

const fields = (message: string, ...names: LeniencyName[]): unknown =>
  parsedRequest(message, {}, leniencyOf(names)).fields;

/** The code that a message is refused with, and where. */
function refusal(message: string, ...names: LeniencyName[]): string {
  const outcome = requestOutcome(message, {}, leniencyOf(names));
  return typeof outcome === 'object' && 'error' in outcome
    ? `${outcome.error} at ${outcome.offset}`
    : 'accepted';
}

describe('leniencies', () => {
  it('are off, each by itself', () => {
    assert.deepEqual(Object.values(STRICT), [false, false, false, false, false]);
    assert.equal(leniencyOf([]), STRICT);
    assert.deepEqual(leniencyOf(['bare-lf', 'equal-lengths']), {
      ...STRICT,
      bareLf: true,
      equalLengths: true,
    });
    assert.deepEqual(Object.values(leniencyOf(RESPONSE_LENIENCIES)), [true, true, true, true, true]);
  });

  it('change nothing about a message that is well formed', () => {
    const message = head('GET /a HTTP/1.1', 'Host: a', 'X: y');
    assert.deepEqual(parsedRequest(message, {}, leniencyOf(RESPONSE_LENIENCIES)), parsedRequest(message));
  });

  it('are none for what only attackers send', () => {
    const messages = [
      'GET / HTTP/1.0\r\nA : b\r\n\r\n',
      'GET / HTTP/1.0\r\nA: b\rC: d\r\n\r\n',
      'GET / HTTP/1.0\r\nA: b\r\r\n\r\n',
      'GET / HTTP/1.0\r\nA: b\0\r\n\r\n',
      'GET / HTTP/1.0\r\nA: b\x0b\r\n\r\n',
      'GET / HTTP/1.0\r\n: b\r\n\r\n',
      'GET / HTTP/1.0\r\nA\r\n\r\n',
      'GET / HTTP/1.0\r\nA\r\n : b\r\n\r\n',
      'GET  / HTTP/1.0\r\n\r\n',
      'GET /\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    ];
    for (const message of messages) {
      assert.equal(refusal(message, ...RESPONSE_LENIENCIES), refusal(message), JSON.stringify(message));
      assert.notEqual(refusal(message), 'accepted', JSON.stringify(message));
    }
  });
});

describe('a parser with every leniency', () => {
  const all = leniencyOf(RESPONSE_LENIENCIES);
  const piece = fc.constantFrom(
    '\r\n',
    '\r\n',
    '\n',
    '\n',
    '\r',
    ' ',
    '\t',
    'A',
    'A: b',
    ':',
    'Host: a',
    'Content-Length: 1',
    '\0',
  );
  const message = fc
    .tuple(
      fc.constantFrom('GET / HTTP/1.0\r\n', 'GET / HTTP/1.0\n', 'GET / HTTP/1.1\nHost: a\n', 'GET /'),
      fc.array(piece, { maxLength: 10 }),
    )
    .map(([start, rest]) => start + rest.join(''));

  it('answers the same however the bytes are cut, and never throws', () => {
    fc.assert(
      fc.property(message, (text) => {
        requestOutcome(text, { headerBytes: 80, headers: 3, uriBytes: 20 }, all);
      }),
      { numRuns: 300 },
    );
  });

  it('reads what is well formed as the strict one does', () => {
    fc.assert(
      fc.property(message, (text) => {
        const strict = requestOutcome(text);
        if (typeof strict === 'object' && !('error' in strict)) {
          assert.deepEqual(requestOutcome(text, {}, all), strict);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('bare-lf (RFC 9112 §2.2)', () => {
  it('takes LF for the end of any line of a head', () => {
    const want = [
      ['Host', 'a'],
      ['B', 'c'],
      ['Empty', ''],
    ];
    for (const message of [
      'GET / HTTP/1.1\nHost: a\nB: c\nEmpty:\n\n',
      'GET / HTTP/1.1\r\nHost: a\nB: c \t\r\nEmpty: \n\r\n',
      'GET / HTTP/1.1\nHost: a\r\nB: c\r\nEmpty:\r\n\n',
    ]) {
      assert.deepEqual(fields(message, 'bare-lf'), want, JSON.stringify(message));
      assert.match(refusal(message), /^http1\.line\.bare-lf at /);
    }
    assert.equal(parsedRequest('GET / HTTP/1.0\n\nbehind', {}, leniencyOf(['bare-lf'])).consumed, 16);
  });

  it('does not take it for anything else', () => {
    assert.equal(refusal('GET /\n\n', 'bare-lf'), 'http1.line.bare-lf at 5');
    assert.equal(refusal('GET / HTTP/1.0\nA\n\n', 'bare-lf'), 'http1.line.bare-lf at 16');
    assert.equal(refusal('GET / HTTP/1.0\nA: b\n c\n\n', 'bare-lf'), 'http1.field.line-folding at 20');
    assert.equal(refusal('GET / HTTP/1.0\n\rA', 'bare-lf'), 'http1.line.bare-cr at 15');
  });
});

describe('line-folding (RFC 9112 §5.2)', () => {
  it('goes on with the value in the next line; spaces stand for the line break and the white space around it', () => {
    const folded = (lines: string): unknown => fields(`GET / HTTP/1.0\r\n${lines}\r\n\r\n`, 'line-folding');
    assert.deepEqual(folded('A: b\r\n c'), [['A', 'b   c']]);
    assert.deepEqual(folded('A: b\t\r\n\t\tc\r\n d\r\nE: f'), [
      ['A', 'b     c   d'],
      ['E', 'f'],
    ]);
    assert.deepEqual(folded('A:\r\n b'), [['A', 'b']]);
    assert.deepEqual(folded('A: b\r\n '), [['A', 'b']]);
    assert.deepEqual(folded('A:\r\n \r\n\t\r\nB: c'), [
      ['A', ''],
      ['B', 'c'],
    ]);
    assert.deepEqual(folded('A: b\r\n: c'.replace(': c', ' : c')), [['A', 'b   : c']]);
  });

  it('needs a field to go on with', () => {
    assert.equal(
      refusal('GET / HTTP/1.0\r\n A: b\r\n\r\n', 'line-folding'),
      'http1.field.line-folding at 16',
    );
  });

  it('is never that of a field that frames, routes or concerns the connection', () => {
    for (const name of ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Upgrade']) {
      for (const lines of [`${name}: a\r\n b`, `${name}:\r\n a`]) {
        const offset = 16 + lines.indexOf('\n') + 1;
        assert.equal(
          refusal(`GET / HTTP/1.0\r\n${lines}\r\n\r\n`, ...RESPONSE_LENIENCIES),
          `http1.field.line-folding at ${offset}`,
        );
      }
    }
  });

  it('is undone in time that grows with the text, not with its square', () => {
    const lenient = leniencyOf(['line-folding']);
    const steps = (folds: number): number => {
      const bytes = Buffer.from(`A: b${'\r\n '.repeat(folds)}\r\n\r\n`);
      let writes = 0;
      const counted = new Proxy(bytes, {
        get: (target, key) => Reflect.get(target, key) as unknown,
        set: (target, key, value) => {
          writes++;
          return Reflect.set(target, key, value);
        },
      });
      const section = new FieldSection(1, lenient);
      assert.equal(section.parse(counted, 0, 0, bytes.length), bytes.length);
      assert.deepEqual(section.takeSpans().slice(3), [3, 4]);
      return writes;
    };
    assert.ok(steps(1000) <= 10 * steps(100) + 10);
  });

  it('counts a folded field once', () => {
    const message = 'GET / HTTP/1.0\r\nA: b\r\n c\r\n d\r\n\r\n';
    assert.equal(parsedRequest(message, { headers: 1 }, leniencyOf(['line-folding'])).fields.length, 1);
  });

  it('goes with bare-lf', () => {
    assert.deepEqual(fields('GET / HTTP/1.0\nA: b\n c\n\n', 'line-folding', 'bare-lf'), [['A', 'b  c']]);
  });
});
