import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentRange, parseRanges, unsatisfiedRange } from './range.ts';

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
    assert.equal(parseRanges(`bytes=${'0-1,'.repeat(50_000)}`, 10)?.length, 50_000);
  });
});

test('nothing of an empty representation can be named', () => {
  assert.equal(parseRanges('bytes=0-', 0), 'unsatisfiable');
  assert.equal(parseRanges('bytes=-0', 0), 'unsatisfiable');
  assert.equal(parseRanges('bytes=-5', 0), undefined);
});

test('Content-Range', () => {
  assert.equal(contentRange({ first: 2, last: 5 }, 10), 'bytes 2-5/10');
  assert.equal(unsatisfiedRange(10), 'bytes */10');
});
