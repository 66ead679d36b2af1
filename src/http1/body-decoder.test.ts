import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunk } from '../../test/support/message.ts';
import { sameForEveryCut } from '../../test/support/in-pieces.ts';
import { BodyDecoder } from './body-decoder.ts';
import { CHUNKED, UNTIL_CLOSE, type Framing } from './framing.ts';

interface Outcome {
  readonly data: string;
  readonly verdict: string;
  readonly received: number;
  /** Bytes of the message that were used. */
  readonly consumed: number;
}

/** What becomes of the bytes behind a head with this framing, however they are cut. */
function decode(framing: Framing, text: string): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  return sameForEveryCut(bytes, (ends) => {
    const decoder = new BodyDecoder(framing);
    let data = '';
    let from = 0;
    for (const to of ends) {
      const piece = Buffer.from(bytes.subarray(from, to));
      const decoded = decoder.decode(piece, 0, piece.length);
      if (decoded === 'refused') {
        const verdict = `${decoder.error} at ${decoder.errorOffset}`;
        return { data: '', verdict, received: 0, consumed: 0 };
      }
      data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
      const consumed = from + decoder.position;
      if (decoded === 'end') return { data, verdict: 'end', received: decoder.received, consumed };
      assert.equal(consumed, to);
      from = to;
    }
    return { data, verdict: 'more', received: decoder.received, consumed: from };
  });
}

describe('a body (RFC 9112 §6)', () => {
  it('of a known length ends with its last byte', () => {
    assert.deepEqual(decode(5, 'helloGET /'), { data: 'hello', verdict: 'end', received: 5, consumed: 5 });
    assert.deepEqual(decode(5, 'hell'), { data: 'hell', verdict: 'more', received: 4, consumed: 4 });
  });

  it('in chunks ends with the empty one; its data alone is counted', () => {
    const text = `${chunk('hel')}${chunk('lo')}${chunk('')}`;
    assert.deepEqual(decode(CHUNKED, `${text}GET /`), {
      data: 'hello',
      verdict: 'end',
      received: 5,
      consumed: text.length,
    });
    assert.deepEqual(decode(CHUNKED, '1\r\na\r\n5\nhello'), {
      data: '',
      verdict: 'http1.line.bare-lf at 7',
      received: 0,
      consumed: 0,
    });
  });

  it('until the connection closes takes all there is', () => {
    assert.deepEqual(decode(UNTIL_CLOSE, 'hello'), {
      data: 'hello',
      verdict: 'more',
      received: 5,
      consumed: 5,
    });
  });

  it('is complete at the end of the connection only where nothing else says so', () => {
    assert.equal(new BodyDecoder(UNTIL_CLOSE).endsWithConnection(), true);
    assert.equal(new BodyDecoder(CHUNKED).endsWithConnection(), false);
    assert.equal(new BodyDecoder(5).endsWithConnection(), false);
  });

  it('has trailers where it came in chunks and has some', () => {
    const decoder = new BodyDecoder(CHUNKED);
    const bytes = Buffer.from('0\r\nDigest: x\r\n\r\n');
    assert.equal(decoder.decode(bytes, 0, bytes.length), 'end');
    assert.equal(decoder.trailers?.get('digest'), 'x');
    assert.equal(new BodyDecoder(5).trailers, undefined);
  });
});
