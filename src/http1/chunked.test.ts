import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sameForEveryCut } from '../../test/support/in-pieces.ts';
import { chunk } from '../../test/support/message.ts';
import { ChunkedDecoder } from './chunked.ts';
import { leniencyOf, STRICT } from './leniency.ts';

interface Outcome {
  readonly data: string;
  /** `end`, `more`, or the code of the rule that was broken. */
  readonly verdict: string;
  /** The byte that broke it. */
  readonly offset?: number;
  /** Bytes that belong to the body, once it has ended. */
  readonly consumed?: number;
  readonly trailers?: readonly (readonly [name: string, value: string])[];
}

/** What becomes of a chunked body that comes in these pieces, each read into another buffer. */
function decodeInPieces(bytes: Buffer, ends: readonly number[], lenient = STRICT): Outcome {
  const decoder = new ChunkedDecoder(lenient);
  let data = '';
  let from = 0;
  for (const to of ends) {
    const margin = 5;
    const piece = Buffer.concat([
      Buffer.alloc(margin, 0xff),
      bytes.subarray(from, to),
      Buffer.alloc(3, 0xff),
    ]);
    const decoded = decoder.decode(piece, margin, piece.length - 3);
    if (decoded === 'refused') return { data: '', verdict: decoder.error, offset: decoder.errorOffset };
    data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
    if (decoded === 'end') {
      const consumed = from + decoder.position - margin;
      const { trailers } = decoder;
      return {
        data,
        verdict: 'end',
        consumed,
        ...(trailers === undefined ? {} : { trailers: [...trailers] }),
      };
    }
    assert.equal(decoder.position, piece.length - 3, 'all of it is used up');
    from = to;
  }
  return { data, verdict: 'more' };
}

function decode(text: string, lenient = STRICT): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  return sameForEveryCut(bytes, (ends) => decodeInPieces(bytes, ends, lenient));
}

/** `‸` marks the byte that must be named, and is not sent. */
function refuses(marked: string, code: string): void {
  const expected = { data: '', verdict: code, offset: marked.indexOf('‸') };
  assert.deepEqual(decode(marked.replace('‸', '')), expected, JSON.stringify(marked));
}

const verdict = (text: string): string => decode(text).verdict;

describe('a chunked body (RFC 9112 §7.1)', () => {
  it('is the data of its chunks, and ends with the empty one', () => {
    const text = '4\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\n';
    assert.deepEqual(decode(text), {
      data: 'Wikipedia in \r\n\r\nchunks.',
      verdict: 'end',
      consumed: text.length,
    });
  });

  it("is refused at the byte that breaks a rule, counted from the body's first over all reads", () => {
    refuses('5\r\nhello\r\n‸x', 'http1.chunk.malformed-size');
    refuses('5‸\nhello', 'http1.line.bare-lf');
    refuses('5‸\rhello', 'http1.line.bare-cr');
    refuses('5\r\nhello‸x', 'http1.chunk.malformed-end');
    refuses('5;a=‸\x01', 'http1.chunk.malformed-extension');
    refuses('1\r\na\r\n0\r\nA: b\r\nB‸ : c\r\n\r\n', 'http1.trailer.malformed');
    refuses('1\r\na\r\n0\r\nA: b‸\n\n', 'http1.trailer.malformed');
    assert.equal(decodeInPieces(Buffer.from(`0\r\nA: ${'b'.repeat(8192)}`), [8198]).offset, 3 + 8192);
  });

  it('may be empty', () => {
    assert.deepEqual(decode('0\r\n\r\n'), { data: '', verdict: 'end', consumed: 5 });
    assert.deepEqual(decode('000\r\n\r\n'), { data: '', verdict: 'end', consumed: 7 });
  });

  it('ends before the bytes behind it', () => {
    assert.equal(decode(`${chunk('a')}${chunk('')}GET / HTTP/1.1`).consumed, chunk('a').length + 5);
  });

  it('is awaited until it is whole', () => {
    const text = `${chunk('a')}${chunk('bc')}0\r\nX: y\r\n\r\n`;
    for (let length = 0; length < text.length; length++) {
      assert.equal(verdict(text.slice(0, length)), 'more', JSON.stringify(text.slice(0, length)));
    }
  });

  it('has sizes in hexadecimal digits of either case, with zeros in front', () => {
    for (const size of ['a', 'A', '0a', '00000000000A']) {
      assert.equal(decode(`${size}\r\n0123456789\r\n0\r\n\r\n`).data, '0123456789');
    }
  });

  it('has no other sizes', () => {
    for (const size of ['', '-1', '+1', ' 1', '\t1', '0x1', 'g', '1g', '1.0', '1,', '"1"', '\0', '\r']) {
      assert.equal(verdict(`${size}\r\na\r\n`), 'http1.chunk.malformed-size', JSON.stringify(size));
    }
    assert.equal(verdict('\n'), 'http1.chunk.malformed-size');
  });

  it('has no sizes that a number cannot hold exactly', () => {
    assert.equal(verdict('fffffffffffff\r\n'), 'more');
    for (const size of ['10000000000000', 'fffffffffffffff', '1'.repeat(17), '0'.repeat(14)]) {
      assert.equal(verdict(`${size}\r\n`), 'http1.chunk.size-overflow', size);
    }
  });

  it('ends its lines in CRLF (RFC 9112 §2.2)', () => {
    assert.equal(verdict('1\na\r\n'), 'http1.line.bare-lf');
    assert.equal(verdict('1\ra\r\n'), 'http1.line.bare-cr');
    assert.equal(verdict('1\r\r\na'), 'http1.line.bare-cr');
    assert.equal(verdict('1\r\na\n0'), 'http1.chunk.malformed-end');
    assert.equal(verdict('1\r\na\rb'), 'http1.chunk.malformed-end');
  });

  it('has chunks as long as they say', () => {
    assert.equal(verdict('1\r\nab\r\n'), 'http1.chunk.malformed-end');
    assert.equal(verdict('3\r\nab\r\n0\r\n\r\n'), 'http1.chunk.malformed-end');
  });
});

describe('chunk extensions (RFC 9112 §7.1.1)', () => {
  it('are passed over', () => {
    for (const extension of [
      ';a',
      ';a=b',
      ' ;\ta',
      '; a = b ; c',
      ' ;a',
      '\t;\ta="b"',
      ';a="b;c, \\" d\\\\"',
      ';a=""',
      ';a="b" ;c',
      ';a;b;c="\xe9\\\xe9\t"',
    ]) {
      const text = `1${extension}\r\na\r\n0${extension}\r\n\r\n`;
      assert.equal(decode(text).data, 'a', JSON.stringify(extension));
    }
  });

  it('begin with a semicolon: a second size, which others might read, is no extension', () => {
    for (const extension of [' ‸1', '\t‸1', ' ‸a', ' ‸,a', ' ‸=b', ' ‸"a"']) {
      refuses(`1${extension}\r\na\r\n`, 'http1.chunk.malformed-extension');
    }
    refuses('1‸=1\r\na\r\n', 'http1.chunk.malformed-size');
  });

  it('are a name, or a name and a value', () => {
    for (const extension of [
      ';‸;a',
      ';‸=a',
      ';‸"a"',
      '; ‸,a',
      ';a‸,b',
      ';a b'.replace('b', '‸b'),
      ';a=‸;b',
      ';a=‸=b',
      ';a=b‸=c',
      ';a=b ‸c',
      ';a=b‸"c"',
      ';a="b"‸c',
      ';a="b" ‸c',
      ';‸\xe9',
      ';a=‸\xe9',
    ]) {
      refuses(`1${extension}\r\na\r\n`, 'http1.chunk.malformed-extension');
    }
    for (const extension of [';‸\r\n', ';a=‸\r\n', ';a ‸\r\n', ';a=b\t‸\r\n', ';a="b" ‸\r\n', ';a="‸\r\n"']) {
      refuses(`1${extension}a\r\n`, 'http1.chunk.malformed-extension');
    }
  });

  it('hold no line end, not even in quotes, and no other control byte', () => {
    for (const extension of [
      ';a‸\0',
      ';a=b‸\x7f',
      ';a="‸\0"',
      ';a="\\‸\0"',
      ';a="‸\x7f"',
      ';a="\\‸\r"',
      ' ‸\x0b',
    ]) {
      refuses(`1${extension}\r\na\r\n`, 'http1.chunk.malformed-extension');
    }
    for (const extension of [';a‸\n', ';a=b‸\n', ';‸\n', ';a="‸\n"', ';a="\\‸\n"', ' ‸\n']) {
      refuses(`1${extension}\r\na\r\n`, 'http1.line.bare-lf');
    }
    refuses('1;a‸\rb\r\n', 'http1.line.bare-cr');
  });

  it('are bounded, in one chunk and in all together', () => {
    const tooLong = (text: string, limit: number): void => {
      for (const ends of [[text.length], Array.from(text, (_, index) => index + 1)]) {
        const { verdict: code, offset } = decodeInPieces(Buffer.from(text), ends);
        assert.deepEqual([code, offset], ['http1.chunk.extension-too-long', limit]);
      }
    };
    const whole = (text: string): string => decodeInPieces(Buffer.from(text), [text.length]).verdict;
    assert.equal(whole(`1;${'a'.repeat(4095)}\r\na`), 'more');
    tooLong(`1;${'a'.repeat(4096)}\r\na`, 4097);
    tooLong(`1;a="${'a'.repeat(4096)}`, 4097);
    tooLong(`1${' '.repeat(4097)}`, 4097);
    // Eight lines of 508 bytes with 501 of extensions leave 88 for the ninth.
    tooLong(`1;${'a'.repeat(500)}\r\na\r\n`.repeat(9), 8 * 507 + 1 + 88);
  });

  it('are none where there is only white space, unless that is let pass', () => {
    for (const blank of [' ', '\t ', '  ']) {
      refuses(`1${blank}‸\r\na\r\n`, 'http1.chunk.malformed-extension');
      const text = `1${blank}\r\na\r\n0${blank}\r\n\r\n`;
      assert.deepEqual(decode(text, leniencyOf(['chunk-size-space'])), {
        data: 'a',
        verdict: 'end',
        consumed: text.length,
      });
    }
    const lenient = leniencyOf(['chunk-size-space']);
    assert.equal(decode('1 1\r\na\r\n', lenient).verdict, 'http1.chunk.malformed-extension');
    assert.equal(decode('1;a \r\na\r\n', lenient).verdict, 'http1.chunk.malformed-extension');
    assert.equal(decode('1 \na\r\n', lenient).verdict, 'http1.line.bare-lf');
  });
});

describe('the trailer section (RFC 9112 §7.1.2)', () => {
  it('is parsed as field lines are', () => {
    const text = '1\r\na\r\n0\r\nX-One: 1\r\nExpires:  two \r\n\r\n';
    assert.deepEqual(decode(`${text}next`), {
      data: 'a',
      verdict: 'end',
      consumed: text.length,
      trailers: [
        ['X-One', '1'],
        ['Expires', 'two'],
      ],
    });
  });

  it('is refused where field lines are', () => {
    for (const line of ['A : b', ' A: b', 'A: \0', 'A\n', 'A: b\n', ': b', 'A']) {
      assert.equal(verdict(`0\r\n${line}\r\n\r\n`), 'http1.trailer.malformed', JSON.stringify(line));
    }
    assert.equal(verdict('0\r\n\rX'), 'http1.trailer.malformed');
  });

  it('is parsed once, however small its pieces are', () => {
    const section = `${'A: b\r\n'.repeat(60)}\r\n`;
    const bytes = Buffer.from(`0\r\n${section}`);
    const ends = Array.from(bytes, (_, index) => index + 1);
    const { trailers, consumed } = decodeInPieces(bytes, ends);
    assert.equal(trailers?.length, 60);
    assert.equal(consumed, bytes.length);
  });

  it('is bounded in its bytes and its fields', () => {
    const whole = (text: string): string => decodeInPieces(Buffer.from(text), [text.length]).verdict;
    const bytewise = (text: string): string =>
      decodeInPieces(
        Buffer.from(text),
        Array.from(text, (_, index) => index + 1),
      ).verdict;
    const longest = `A: ${'b'.repeat(8192 - 7)}\r\n\r\n`;
    assert.equal(whole(`0\r\n${longest}`), 'end');
    assert.equal(whole(`0\r\nA: ${'b'.repeat(8192)}`), 'http1.trailer.too-large');
    assert.equal(bytewise(`0\r\nA: ${'b'.repeat(8192)}`), 'http1.trailer.too-large');
    assert.equal(whole(`0\r\n${'A: b\r\n'.repeat(64)}\r\n`), 'end');
    assert.equal(whole(`0\r\n${'A: b\r\n'.repeat(65)}\r\n`), 'http1.trailer.too-large');
  });
});

describe('decoding in place', () => {
  it('gives one piece of data for one read, however small the chunks are', () => {
    const count = 5000;
    const text = `${chunk('ab').repeat(count)}${chunk('')}`;
    const bytes = Buffer.from(`before${text}behind`);
    const decoder = new ChunkedDecoder();
    assert.equal(decoder.decode(bytes, 6, bytes.length), 'end');
    assert.equal(bytes.toString('latin1', decoder.dataStart, decoder.dataEnd), 'ab'.repeat(count));
    assert.equal(bytes.toString('latin1', 0, 6), 'before');
    assert.equal(bytes.toString('latin1', decoder.position), 'behind');
  });

  it('leaves data where it is when there is one chunk', () => {
    const bytes = Buffer.from('5\r\nhello\r\n');
    const decoder = new ChunkedDecoder();
    assert.equal(decoder.decode(bytes, 0, bytes.length), 'more');
    assert.deepEqual([decoder.dataStart, decoder.dataEnd], [3, 8]);
    assert.equal(bytes.toString(), '5\r\nhello\r\n');
  });

  it('gives no data for a read that holds none', () => {
    const decoder = new ChunkedDecoder();
    assert.equal(decoder.decode(Buffer.from('5\r\n'), 0, 3), 'more');
    assert.equal(decoder.dataEnd, decoder.dataStart);
  });
});

describe('a decoder of chunked bodies', () => {
  it('comes to the same however the bytes are cut, whatever they are, and never throws', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '5',
      'a',
      '\r\n',
      '\r\n',
      '\r\n',
      '\r',
      '\n',
      ';',
      '"',
      '\\',
      ' ',
      'hello',
      'A: b',
      ':',
      '\0',
      '\xff',
      '5\r\nhello\r\n',
      '1;a="b"\r\n;\r\n',
      '0\r\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
        decode(parts.join(''));
        decode(parts.join(''), leniencyOf(['chunk-size-space']));
      }),
      { numRuns: 500 },
    );
  });
});
