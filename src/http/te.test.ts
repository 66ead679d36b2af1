import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields } from '../../test/support/parse-fields.ts';
import { acceptsTrailers } from './te.ts';

describe('trailer fields (RFC 9110 §10.1.4)', () => {
  it('are taken by who says so, in any case and among other codings', () => {
    for (const lines of [
      ['TE: trailers'],
      ['TE: Trailers'],
      ['te: gzip;q=0.5, trailers'],
      ['TE: deflate', 'TE: trailers'],
    ])
      assert.equal(acceptsTrailers(parseFields(...lines)), true, lines.join());
  });

  it('are not taken by who says nothing, or something else', () => {
    for (const lines of [[], ['TE: '], ['TE: trailer'], ['TE: chunked'], ['X-TE: trailers']])
      assert.equal(acceptsTrailers(parseFields(...lines)), false, lines.join());
  });
});
