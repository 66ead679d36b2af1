import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptableCodings, CodingNegotiator } from './content-coding.ts';
import { HeaderList } from './header-list.ts';

const OFFERS = [{ coding: 'br' }, { coding: 'zstd' }, { coding: 'gzip' }, { coding: 'identity' }] as const;

const ranked = (acceptEncoding: string | undefined): string =>
  acceptableCodings(acceptEncoding, OFFERS)
    .map(({ coding }) => coding)
    .join(' ');

describe('the codings acceptable by Accept-Encoding (RFC 9110 §12.5.3)', () => {
  for (const [field, expected] of [
    // What clients send.
    [undefined, 'identity'],
    ['gzip, deflate, br, zstd', 'br zstd gzip identity'],
    ['gzip, deflate, br', 'br gzip identity'],
    ['gzip, deflate', 'gzip identity'],
    ['gzip', 'gzip identity'],
    ['deflate', 'identity'],
    ['identity', 'identity'],
    ['identity;q=1, *;q=0', 'identity'],
    ['gzip;q=1.0, *;q=0.5', 'gzip br zstd identity'],
    // The examples of the RFC.
    ['compress, gzip', 'gzip identity'],
    ['', 'identity'],
    ['*', 'br zstd gzip identity'],
    ['compress;q=0.5, gzip;q=1.0', 'gzip identity'],
    ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip identity'],
    // Weights; equal ones are decided by the server.
    ['br;q=0.1, gzip;q=0.2, zstd;q=0.3', 'zstd gzip br identity'],
    ['gzip;q=0.5, br;q=0.5', 'br gzip identity'],
    ['br;q=0.999, gzip;q=1', 'gzip br identity'],
    ['br;q=0.001', 'br identity'],
    ['gzip;q=1., br;q=0.', 'gzip identity'],
    ['gzip;Q=0.5, br;q=0.4', 'gzip br identity'],
    ['br ; q=0.5 , gzip\t;\tq=0.7', 'gzip br identity'],
    ['br;q=0', 'identity'],
    ['br;q=0.000, gzip', 'gzip identity'],
    // Without a coding.
    ['identity, gzip;q=0.5', 'identity gzip'],
    ['gzip, identity', 'gzip identity'],
    ['gzip;q=0.5, identity;q=0.6', 'identity gzip'],
    ['gzip, identity;q=0', 'gzip'],
    ['identity;q=0', ''],
    ['deflate, identity;q=0', ''],
    ['*;q=0', ''],
    ['*;q=0, gzip', 'gzip'],
    ['*;q=0, identity', 'identity'],
    ['identity;q=0, *', 'br zstd gzip'],
    ['*;q=0.1, gzip;q=0', 'br zstd identity'],
    ['br;q=0.5, *', 'zstd gzip identity br'],
    // Names.
    ['x-gzip', 'gzip identity'],
    ['X-GZip;q=0.5', 'gzip identity'],
    ['GZIP, Br', 'br gzip identity'],
    ['x-gzip;q=0, gzip', 'identity'],
    ['gzip;q=0.5, gzip;q=0', 'gzip identity'],
    ['brotli, gzipped, x-br', 'identity'],
    ['constructor, __proto__', 'identity'],
    // Lists.
    [',, gzip ,,', 'gzip identity'],
    [' \t', 'identity'],
    // A member that is malformed accepts nothing.
    ['gzip;q=2', 'identity'],
    ['gzip;q=-1', 'identity'],
    ['gzip;q=1.001', 'identity'],
    ['gzip;q=0.5000', 'identity'],
    ['gzip;q=.5', 'identity'],
    ['gzip;q=', 'identity'],
    ['gzip;q', 'identity'],
    ['gzip;q =0.5', 'identity'],
    ['gzip;q="1"', 'identity'],
    ['gzip;level=9', 'identity'],
    ['gzip;q=1;q=1', 'identity'],
    ['gzip br', 'identity'],
    ['gzip;, br', 'br identity'],
    ['"gzip"', 'identity'],
    ['gzip\u00a0', 'identity'],
  ] as const) {
    test(`${JSON.stringify(field)}: ${expected || 'none'}`, () => assert.equal(ranked(field), expected));
  }

  test('among offers of one coding the order is the server’s', () => {
    const offers = [
      { coding: 'gzip', from: 'here' },
      { coding: 'br', from: 'there' },
      { coding: 'gzip', from: 'there' },
    ] as const;
    assert.deepEqual(acceptableCodings('br, gzip', offers), offers);
    assert.deepEqual(acceptableCodings('br, gzip;q=0.5', offers), [offers[1], offers[0], offers[2]]);
  });
});

describe('a negotiator', () => {
  const negotiator = new CodingNegotiator(OFFERS);
  const acceptable = (...fields: string[]): string =>
    negotiator
      .acceptable(HeaderList.of(...fields.flatMap((value) => ['Accept-Encoding', value])))
      .map(({ coding }) => coding)
      .join(' ');

  test('remembers what a value came to', () => {
    const ask = (): unknown => negotiator.acceptable(HeaderList.of('Accept-Encoding', 'gzip, br'));
    assert.equal(ask(), ask());
  });

  test('joins several fields', () => {
    assert.equal(acceptable('gzip', 'br;q=0.5'), 'gzip br identity');
    assert.equal(acceptable('gzip;q=0', 'gzip'), 'identity');
  });

  test('takes a request without the field for one that wants none', () =>
    assert.equal(acceptable(), 'identity'));

  test('forgets, rather than remember without bound, and is right all the same', () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1000; i++) {
        assert.equal(
          acceptable(`gzip;q=0.${i % 1000}, x${i}`),
          i % 1000 === 0 ? 'identity' : 'gzip identity',
        );
      }
    }
    assert.equal(acceptable(`${'x, '.repeat(1000)}br`), 'br identity');
  });
});
