import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields } from '../../test/support/parse-fields.ts';
import { trailerLines } from './trailers.ts';

describe('a trailer section that is passed on', () => {
  it('has its fields in order, in the one form that we write', () => {
    assert.equal(
      trailerLines(parseFields('Content-Digest:sha-256=x', 'X-Checksum:  7 ', 'Server-Timing: a')),
      'Content-Digest: sha-256=x\r\nX-Checksum: 7\r\nServer-Timing: a\r\n',
    );
    assert.equal(trailerLines(undefined), '');
    assert.equal(trailerLines(parseFields()), '');
  });

  it('has nothing of what frames, routes, authenticates, modifies or describes the message (RFC 9110 §6.5.1)', () => {
    for (const name of [
      'Content-Length',
      'transfer-encoding',
      'Host',
      'TE',
      'Trailer',
      'Connection',
      'Authorization',
      'Cookie',
      'Set-Cookie',
      'Content-Type',
      'CONTENT-ENCODING',
      'Content-Range',
      'Cache-Control',
      'If-None-Match',
      'Location',
      'X-Forwarded-For',
      'X-Request-Id',
      'X_Forwarded_For',
      'Content_Type',
      'Content-MD5',
      'Content-Security-Policy-Report-Only',
      'Access-Control-Allow-Credentials',
      'Sec-Fetch-Site',
      'Authentication-Info',
    ]) {
      assert.equal(trailerLines(parseFields(`${name}: 1`, 'X-Own: 2')), 'X-Own: 2\r\n', name);
    }
  });
});
