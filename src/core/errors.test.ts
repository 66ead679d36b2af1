import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DreamError, errorCatalogue, errorCodeOf, errorInfo } from './errors.ts';
import type { ErrorInfo } from './errors.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const documented = [...page.matchAll(/^\| `([\w.-]+)` \| (\d+) \| (\w+) \| (.*?) \| ?(.*?) ?\|$/gm)].map(
  ([, code = '', status = '', source = '', meaning = '', rule = '']) => ({
    code,
    status,
    source,
    meaning,
    rule,
  }),
);

describe('docs/errors.md', () => {
  test('has every code of the catalogue once, in its order, and no other', () => {
    assert.deepEqual(
      documented.map(({ code }) => code),
      Object.keys(errorCatalogue),
    );
  });

  for (const { code, status, source, meaning, rule } of documented) {
    test(`says of ${code} what the catalogue says`, () => {
      const info: ErrorInfo | undefined = (errorCatalogue as Record<string, ErrorInfo>)[code];
      assert.equal(Number(status), info?.status);
      assert.equal(source, info?.source);
      assert.equal(rule, info?.rule ?? '');
      assert.match(meaning, /^[A-Z`].*\.$/, 'a sentence of its own');
      assert.notEqual(meaning, info?.message);
    });
  }
});

describe('the catalogue', () => {
  for (const [code, info] of Object.entries<ErrorInfo>(errorCatalogue)) {
    test(`${code} has a status and a message fit for people`, () => {
      assert.match(code, /^[a-z0-9]+(?:[.-][a-z0-9]+)+$/);
      assert.match(info.message, /^[A-Z][\x20-\x7e]+\.$/);
      const isServerError = info.status >= 500;
      assert.ok(info.status >= 400 && info.status < 600);
      if (info.source !== 'client') assert.ok(isServerError, 'the client is not told that it failed');
    });
  }
});

test('an error carries its code and the message of the catalogue', () => {
  const error = new DreamError('request.not-found');
  assert.equal(error.code, 'request.not-found');
  assert.equal(error.message, errorInfo('request.not-found').message);
  assert.equal(new DreamError('upstream.reset', 'while reading the body').message, 'while reading the body');
});

test('whatever is thrown has a code', () => {
  assert.equal(errorCodeOf(new DreamError('upstream.reset')), 'upstream.reset');
  assert.equal(errorCodeOf(new Error('surprise')), 'internal.failure');
  assert.equal(errorCodeOf(undefined), 'internal.failure');
});
