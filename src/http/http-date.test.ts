import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatHttpDate } from '../core/clock.ts';
import { parseHttpDate } from './http-date.ts';

const NOW = Date.UTC(2026, 10, 23);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

describe('an HTTP-date (RFC 9110 §5.6.7)', () => {
  for (const [text, seconds] of [
    ['Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
    ['Sun Nov  6 08:49:37 1994', EXAMPLE],
    ['Sun Nov 16 08:49:37 1994', EXAMPLE + 864_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29) / 1000],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1) / 1000],
    ['Wednesday, 01-Jan-76 00:00:00 GMT', Date.UTC(2076, 0, 1) / 1000],
    ['Friday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1) / 1000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 253_402_300_799],
  ] as const) {
    test(text, () => assert.equal(parseHttpDate(text, NOW), seconds));
  }

  for (const text of [
    '',
    'yesterday',
    '0',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ]) {
    test(`not ${JSON.stringify(text)}`, () => assert.equal(parseHttpDate(text, NOW), undefined));
  }

  test('what is generated is understood', () => {
    for (const ms of [0, 951_782_400_000, 1_795_000_000_000, 4_102_444_799_000]) {
      assert.equal(parseHttpDate(formatHttpDate(ms), NOW), ms / 1000);
    }
  });
});
