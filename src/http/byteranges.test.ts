import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseByteranges } from '../../test/support/byteranges.ts';
import { readAll } from './body.ts';
import { MultipartByteranges } from './byteranges.ts';
import type { ByteRange } from './range.ts';

const DIGITS = Buffer.from('0123456789'.repeat(100));
const RANGES = [
  { first: 990, last: 999 },
  { first: 0, last: 3 },
  { first: 500, last: 500 },
];

const bodyOf = (multipart: MultipartByteranges, ranges: readonly ByteRange[]): Promise<Buffer> =>
  readAll(multipart.body(ranges.map(({ first, last }) => DIGITS.subarray(first, last + 1))), 10_000);

suite('a body of several ranges (RFC 9110 §14.6)', () => {
  test('is each of them behind its head, in their order, between boundaries', async () => {
    const multipart = new MultipartByteranges(RANGES, 'text/plain; charset=utf-8', DIGITS.length);
    const boundary = multipart.contentType.replace('multipart/byteranges; boundary=', '');
    assert.equal(
      (await bodyOf(multipart, RANGES)).toString(),
      [
        `--${boundary}`,
        'Content-Type: text/plain; charset=utf-8',
        'Content-Range: bytes 990-999/1000',
        '',
        '0123456789',
        `--${boundary}`,
        'Content-Type: text/plain; charset=utf-8',
        'Content-Range: bytes 0-3/1000',
        '',
        '0123',
        `--${boundary}`,
        'Content-Type: text/plain; charset=utf-8',
        'Content-Range: bytes 500-500/1000',
        '',
        '0',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
  });

  test('has the length that was told beforehand', async () => {
    const multipart = new MultipartByteranges(RANGES, 'image/png', DIGITS.length);
    const body = multipart.body(RANGES.map(({ first, last }) => DIGITS.subarray(first, last + 1)));
    assert.equal(body.length, multipart.length);
    const bytes = await readAll(body, 10_000);
    assert.equal(bytes.length, multipart.length);
    assert.equal(parseByteranges(multipart.contentType, bytes).length, 3);
  });

  test('has another boundary each time, of at most 70 characters that need no quotes', () => {
    const types = Array.from({ length: 100 }, () => new MultipartByteranges(RANGES, 'a/b', 1000).contentType);
    assert.equal(new Set(types).size, 100);
    for (const type of types) assert.match(type, /^multipart\/byteranges; boundary=[0-9a-f]{32}$/);
  });

  test('costs no more for another part than is told', () => {
    for (const size of [1000, 1001, 123_456_789]) {
      const two = new MultipartByteranges(RANGES.slice(0, 2), 'text/html', size);
      const three = new MultipartByteranges(
        [...RANGES.slice(0, 2), { first: 999, last: 999 }],
        'text/html',
        size,
      );
      const cost = three.length - two.length - 1;
      const told = MultipartByteranges.overhead('text/html', size);
      assert.ok(cost <= told && told <= cost + 2 * (String(size).length - 3), `${cost}, told ${told}`);
    }
  });
});
