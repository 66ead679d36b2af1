import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteSize, parseDuration } from './units.ts';

test('durations are milliseconds', () => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['2 m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['0', 0],
    ['0s', 0],
  ] as const) {
    assert.equal(parseDuration(text), ms, text);
  }
});

test('what is no duration is refused, a number without a unit first of all', () => {
  for (const text of [
    '',
    '10',
    's',
    '-1s',
    '+1s',
    '1e3s',
    '10S',
    '10 sec',
    '1m30s',
    '0x1s',
    '60d',
    'NaN',
    ' 1s',
  ]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('sizes are bytes: KiB counts in 1024, kB in 1000', () => {
  for (const [text, bytes] of [
    ['512', 512],
    ['512B', 512],
    ['32KiB', 32_768],
    ['1.5KiB', 1536],
    ['10kB', 10_000],
    ['10MB', 10_000_000],
    ['1GiB', 1_073_741_824],
    ['0', 0],
  ] as const) {
    assert.equal(parseByteSize(text), bytes, text);
  }
});

test('what is no size is refused', () => {
  for (const text of [
    '',
    'KiB',
    '-1',
    '1kib',
    '1K',
    '1 000',
    '1e3',
    '0x10',
    '9007199254740993',
    '99999TiB',
  ]) {
    assert.equal(parseByteSize(text), undefined, text);
  }
});
