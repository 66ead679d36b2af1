import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ByteRange,
  coalesceRanges,
  contentRange,
  MAX_RANGES,
  parseRanges,
  unsatisfiedRange,
} from './range.ts';

describe('a Range of ten bytes (RFC 9110 §14.1.2)', () => {
  for (const [field, ...expected] of [
    ['bytes=0-4', [0, 4]],
    ['bytes=0-0', [0, 0]],
    ['bytes=9-9', [9, 9]],
    ['bytes=3-', [3, 9]],
    ['bytes=0-', [0, 9]],
    ['bytes=5-1000', [5, 9]],
    ['bytes=-3', [7, 9]],
    ['bytes=-10', [0, 9]],
    ['bytes=-1000', [0, 9]],
    ['BYTES=1-2', [1, 2]],
    ['Bytes=1-2', [1, 2]],
    ['bytes= 1-2', [1, 2]],
    ['bytes=1-2 ,', [1, 2]],
    ['bytes=,\t1-2', [1, 2]],
    ['bytes=00001-0000000000000000000000000000002', [1, 2]],
    ['bytes=0-99999999999999999999999999999999', [0, 9]],
    ['bytes=-99999999999999999999999999999999', [0, 9]],
    ['bytes=0-1,4-5', [0, 1], [4, 5]],
    ['bytes=4-5, 0-1 , -1', [4, 5], [0, 1], [9, 9]],
    ['bytes=0-1,99-', [0, 1]],
  ] as const) {
    test(`${field} asks for ${expected.map((range) => range.join('-')).join(', ')}`, () => {
      assert.deepEqual(
        parseRanges(field, 10),
        expected.map(([first, last]) => ({ first, last })),
      );
    });
  }

  for (const field of [
    'bytes=10-',
    'bytes=10-20',
    'bytes=99999999999999999999-',
    'bytes=-0',
    'bytes=10-,11-12',
  ]) {
    test(`${field} lies outside`, () => assert.equal(parseRanges(field, 10), 'unsatisfiable'));
  }

  for (const field of [
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=,',
    'bytes=4-2',
    'bytes=0-1,4-2',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=1-2-3',
    'bytes=--1',
    'bytes=+1-2',
    'bytes=1.0-2',
    'bytes=1 2',
    'bytes=1 - 2',
    'bytes 0-4',
    'bytes=0-4;x',
    'lines=0-4',
    ' bytes=0-4',
    'bytes=0-1, bytes=2-3',
  ]) {
    test(`${JSON.stringify(field)} is ignored`, () => assert.equal(parseRanges(field, 10), undefined));
  }

  test('a long field costs time in proportion', () => {
    const blanks = `bytes=0-1${' '.repeat(200_000)}2`;
    assert.equal(parseRanges(blanks, 10), undefined);
    assert.equal(parseRanges(`bytes=${','.repeat(200_000)}0-1`, 10)?.length, 1);
  });

  test('more ranges than anybody has a reason to ask for are ignored (RFC 9110 §17.15)', () => {
    const ranges = (count: number, range: string): string => `bytes=${`${range},`.repeat(count)}`;
    assert.equal(parseRanges(ranges(MAX_RANGES, '0-1'), 10)?.length, MAX_RANGES);
    assert.equal(parseRanges(ranges(MAX_RANGES + 1, '0-1'), 10), undefined);
    assert.equal(parseRanges(ranges(MAX_RANGES + 1, '99-'), 10), undefined);
    assert.equal(parseRanges(ranges(50_000, '0-1'), 10), undefined);
  });
});

test('a Range of nothing is ignored (RFC 9110 §14.2)', () => {
  for (const field of ['bytes=0-', 'bytes=0-0', 'bytes=-0', 'bytes=-5', 'bytes=5-,7-']) {
    assert.equal(parseRanges(field, 0), undefined, field);
  }
});

describe('ranges that are sent as one (RFC 9110 §15.3.7.2)', () => {
  const ranges = (text: string): ByteRange[] =>
    text.split(' ').map((range) => {
      const [first, last] = range.split('-').map(Number);
      return { first, last };
    });
  for (const [asked, sent] of [
    ['0-9', '0-9'],
    ['0-9 20-29', '0-9 20-29'],
    ['20-29 0-9', '20-29 0-9'],
    ['0-9 5-14', '0-14'],
    ['5-14 0-9', '0-14'],
    ['0-9 10-14', '0-14'],
    ['0-9 0-9 0-9', '0-9'],
    ['0-99 20-29 50-59', '0-99'],
    ['20-29 50-59 0-99', '0-99'],
    // Four bytes between them cost no more than another part would, five do.
    ['0-9 14-20', '0-20'],
    ['0-9 15-20', '0-9 15-20'],
    ['14-20 0-9', '0-20'],
    // In the order in which a byte of each was asked for first.
    ['90-99 30-39 60-69 35-42', '90-99 30-42 60-69'],
    ['60-69 0-9 30-39 11-28', '60-69 0-39'],
    ['0-0 999-999 0-0', '0-0 999-999'],
  ] as const) {
    test(`${asked}: ${sent}`, () => {
      assert.deepEqual(coalesceRanges(ranges(asked), 4), ranges(sent));
    });
  }

  test('hold every byte that was asked for, once, and none between that is far from them', () => {
    for (let seed = 1; seed <= 300; seed++) {
      let state = seed;
      const random = (below: number): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state % below;
      };
      const asked = Array.from({ length: 1 + random(12) }, () => {
        const first = random(200);
        return { first, last: first + random(20) };
      });
      const sent = coalesceRanges(asked, 4);
      const holds = (set: readonly ByteRange[], at: number): number =>
        set.filter(({ first, last }) => first <= at && at <= last).length;
      for (let at = 0; at < 220; at++) {
        const wanted = holds(asked, at) > 0;
        assert.ok(holds(sent, at) <= 1 && (!wanted || holds(sent, at) === 1), `byte ${at}, seed ${seed}`);
      }
      const sorted = sent.toSorted((a, b) => a.first - b.first);
      for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i].first - sorted[i - 1].last - 1 > 4);
    }
  });
});

test('Content-Range', () => {
  assert.equal(contentRange({ first: 2, last: 5 }, 10), 'bytes 2-5/10');
  assert.equal(unsatisfiedRange(10), 'bytes */10');
});
