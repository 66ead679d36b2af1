/**
 * The threat: a head that is taken for the one before it. So each byte that differs, and each that is missing, has to
 * lead to another outcome.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { head } from '../../test/support/message.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import { HeadMemo } from './head-memo.ts';
import { RequestHeadParser } from './parse-request-head.ts';
import { ResponseHeadParser } from './parse-response-head.ts';

const REQUEST = Buffer.from(head('GET /a?b HTTP/1.1', 'Host: a.example', 'Connection: close'));
const LIMITS = { headerBytes: 32768, headers: 100, uriBytes: 8192 };

describe('the memory of the last head', () => {
  it('knows the same bytes again, wherever they stand and whatever follows', () => {
    const memo = new HeadMemo<string>();
    memo.remember(REQUEST, 0, REQUEST.length, 'it', 7);
    assert.equal(memo.recall(REQUEST, 0, REQUEST.length), 'it');
    const among = Buffer.concat([Buffer.from('before'), REQUEST, Buffer.from('behind')]);
    assert.equal(memo.recall(among, 6, among.length), 'it');
    assert.equal(memo.length, REQUEST.length);
    assert.equal(memo.seen, 7);
  });

  it('does not know them with any byte changed', () => {
    const memo = new HeadMemo<string>();
    memo.remember(REQUEST, 0, REQUEST.length, 'it', 7);
    for (let i = 0; i < REQUEST.length; i++) {
      const other = Buffer.from(REQUEST);
      other[i] ^= 1;
      assert.equal(memo.recall(other, 0, other.length), undefined, `byte ${i}`);
    }
  });

  it('knows them and nothing else in the buffer that connections share', () => {
    const memo = new HeadMemo<string>();
    for (const rest of ['', 'x', 'x'.repeat(7), 'x'.repeat(300)]) {
      const each = Buffer.from(head('GET /a HTTP/1.1', `Host: a${rest}`));
      memo.remember(each, 0, each.length, 'it', 7);
      for (const base of [0, 8, 9]) {
        const end = base + each.length;
        each.copy(sharedReadBuffer, base);
        assert.equal(memo.recall(sharedReadBuffer, base, end), 'it');
        for (let i = base; i < end; i++) {
          for (const changed of [sharedReadBuffer[i] ^ 1, 0, 0x80, 0xff]) {
            const before = sharedReadBuffer[i];
            sharedReadBuffer[i] = changed;
            assert.equal(memo.recall(sharedReadBuffer, base, end), undefined, `byte ${i} is ${changed}`);
            sharedReadBuffer[i] = before;
          }
        }
      }
    }
  });

  it('does not know a part of them', () => {
    const memo = new HeadMemo<string>();
    memo.remember(REQUEST, 0, REQUEST.length, 'it', 7);
    for (let end = 0; end < REQUEST.length; end++) assert.equal(memo.recall(REQUEST, 0, end), undefined);
  });

  it('has forgotten the one before the last, and one that is long', () => {
    const memo = new HeadMemo<string>();
    const long = Buffer.from(head('GET / HTTP/1.1', `X: ${'x'.repeat(4096)}`));
    memo.remember(REQUEST, 0, REQUEST.length, 'it', 7);
    memo.remember(long, 0, long.length, 'long', 7);
    assert.equal(memo.recall(REQUEST, 0, REQUEST.length), undefined);
    assert.equal(memo.recall(long, 0, long.length), undefined);
  });

  it('rests while heads do not come again, and is there when they do', () => {
    const memo = new HeadMemo<string>();
    const heads = Array.from({ length: 200 }, (_, i) => Buffer.from(head(`GET /${1000 + i} HTTP/1.1`)));
    let remembered = 0;
    for (const each of heads) {
      assert.equal(memo.recall(each, 0, each.length), undefined);
      memo.remember(each, 0, each.length, 'other', 0);
      if (memo.length > 0) remembered++;
    }
    assert.ok(remembered > 4 && remembered < 20, String(remembered));
    let until = 0;
    while (memo.recall(REQUEST, 0, REQUEST.length) === undefined) {
      memo.remember(REQUEST, 0, REQUEST.length, 'it', 0);
      until++;
    }
    assert.ok(until <= 16, String(until));
    // From then on it is itself again.
    memo.remember(heads[0], 0, heads[0].length, 'other', 0);
    assert.equal(memo.recall(heads[0], 0, heads[0].length), 'other');
  });

  it('copies: the buffer may be read into again', () => {
    const memo = new HeadMemo<string>();
    const lent = Buffer.from(REQUEST);
    memo.remember(lent, 0, lent.length, 'it', 7);
    lent.fill(0);
    assert.equal(memo.recall(REQUEST, 0, REQUEST.length), 'it');
  });
});

describe('a parser that gets the same head twice', () => {
  it('says the same of a request', () => {
    const parser = new RequestHeadParser(LIMITS);
    const outcomes = [1, 2].map(() => {
      parser.reset();
      const consumed = parser.parse(REQUEST, 0, REQUEST.length);
      return { consumed, seen: parser.seen, ...parser.head, headers: [...(parser.head?.headers ?? [])] };
    });
    assert.deepEqual(outcomes[1], outcomes[0]);
    assert.equal(outcomes[1].path, '/a');
  });

  it('says the same of a response', () => {
    const bytes = Buffer.from(head('HTTP/1.1 204 None', 'Connection: close', 'ETag: "1"'));
    const parser = new ResponseHeadParser(LIMITS);
    const outcomes = [1, 2].map(() => {
      parser.reset();
      const consumed = parser.parse(bytes, 0, bytes.length);
      return { consumed, seen: parser.seen, ...parser.head, headers: [...(parser.head?.headers ?? [])] };
    });
    assert.deepEqual(outcomes[1], outcomes[0]);
    assert.equal(outcomes[1].status, 204);
  });

  it('does not take a request that is cut short for the one before', () => {
    const parser = new RequestHeadParser(LIMITS);
    parser.parse(REQUEST, 0, REQUEST.length);
    for (let end = 0; end < REQUEST.length; end++) {
      parser.reset();
      assert.ok(parser.parse(REQUEST, 0, end) < 0, `at ${end}`);
      assert.equal(parser.head, undefined);
    }
  });
});
