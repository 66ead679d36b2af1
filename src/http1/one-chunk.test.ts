import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunk } from '../../test/support/message.ts';
import { oneChunkIn } from './one-chunk.ts';

/** What stands before and behind belongs to others. */
const found = (body: string): number => {
  const bytes = Buffer.from(`head${body}0\r\n\r\n`);
  return oneChunkIn(bytes, 4, 4 + body.length);
};

describe('one chunk', () => {
  it('is found in the form that we write', () => {
    for (const size of [1, 9, 10, 16, 255, 4096, 65_536]) {
      assert.equal(found(chunk('x'.repeat(size)) + chunk('')), size);
    }
    assert.equal(found('A\r\n0123456789\r\n0\r\n\r\n'), 10);
    // What looks like an end is data.
    assert.equal(found('7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n'), 7);
  });

  it('is not found in anything else', () => {
    for (const body of [
      '',
      '5',
      '5\r',
      '5\r\nhello',
      '5\r\nhello\r\n0\r\n\r',
      '5\r\nhello\r\n0\r\n\r\nH',
      '4\r\nhello\r\n0\r\n\r\n',
      '6\r\nhello\r\n0\r\n\r\n',
      '5\rHhello\r\n0\r\n\r\n',
      '5\nhello\r\n0\r\n\r\n',
      '5 \r\nhello\r\n0\r\n\r\n',
      '5\r\nhello\n\n0\r\n\r\n',
      '5\r\nhello\r\n0\r\nA: 1\r\n\r\n',
      '5;a=1\r\nhello\r\n0\r\n\r\n',
      '05\r\nhello\r\n0\r\n\r\n',
      '00000005\r\nhello\r\n0\r\n\r\n',
      `${'f'.repeat(400)}\r\nhello\r\n0\r\n\r\n`,
      '100000005\r\nhello\r\n0\r\n\r\n',
      '0\r\n\r\n',
      '0\r\n\r\n0\r\n\r\n',
      '\r\n\r\n0\r\n\r\n',
      'g\r\nhello\r\n0\r\n\r\n',
      '-5\r\nhello\r\n0\r\n\r\n',
    ]) {
      assert.equal(found(body), -1, JSON.stringify(body));
    }
  });
});
