import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  DreamError,
  errorCatalogue,
  errorCodeOf,
  errorInfo,
  type ErrorCode,
  type ErrorInfo,
} from './errors.ts';

const entries = Object.entries(errorCatalogue) as [ErrorCode, ErrorInfo][];

describe('the catalogue of errors', () => {
  it('gives each code a status that fits its source', () => {
    for (const [code, { source, status }] of entries) {
      if (source === 'client')
        assert.ok((status >= 400 && status < 500) || status === 501 || status === 505, code);
      if (source === 'upstream') assert.ok(status >= 502 && status <= 504, code);
      if (source === 'internal') assert.ok(status === 500 || status === 503 || status === 507, code);
    }
  });

  it('says one sentence about each, which names nothing of the inside', () => {
    for (const [code, { message }] of entries) {
      assert.match(message, /^[A-Z].*\.$/, code);
      assert.doesNotMatch(message, /upstream|localhost|[0-9]{2,}\.[0-9]/i, code);
    }
  });

  it('cites rules by document and section', () => {
    for (const [code, { rule }] of entries) {
      if (rule !== undefined) assert.match(rule, /^RFC \d+ §\d+(\.\d+)*$/, code);
    }
  });

  it('cites the rule for everything that a parser refuses', () => {
    const families = /^http1\.(?!timeout\.)/;
    assert.deepEqual(
      entries.filter(([code, { rule }]) => families.test(code) && rule === undefined).map(([code]) => code),
      [],
    );
  });

  it('is documented, code by code', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const documented = new Set([...page.matchAll(/`([a-z0-9.-]+\.[a-z0-9.-]+)`/g)].map(([, code]) => code));
    assert.deepEqual(
      entries.map(([code]) => code).filter((code) => !documented.has(code)),
      [],
    );
  });
});

describe('an error that is thrown', () => {
  it('carries its code; the detail and the cause are for the log', () => {
    const cause = new Error('inside');
    const error = new DreamError('upstream.reset', 'ECONNRESET', { cause });
    assert.equal(errorCodeOf(error), 'upstream.reset');
    assert.equal(error.message, 'ECONNRESET');
    assert.equal(error.cause, cause);
    assert.equal(new DreamError('client.gone').message, errorInfo('client.gone').message);
  });

  it('is our own failure when it is no error of the catalogue', () => {
    for (const thrown of [
      new Error('x'),
      new TypeError('x'),
      'x',
      undefined,
      null,
      { code: 'client.gone' },
    ]) {
      assert.equal(errorCodeOf(thrown), 'internal.failure');
    }
  });
});
