import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CONDITIONAL,
  conditionalFields,
  evaluatePreconditions,
  ifRangeHolds,
  type Validators,
} from './conditional.ts';
import { knownField } from './field-names.ts';
import { HeaderList } from './header-list.ts';

const LAST_MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT';
const LATER = 'Sun, 06 Nov 1994 08:49:38 GMT';
const OBSOLETE = 'Sunday, 06-Nov-94 08:49:37 GMT';

const strong: Validators = {
  etag: '"v1"',
  lastModified: LAST_MODIFIED,
  lastModifiedSeconds: 784_111_777,
  isDateStrong: true,
};
const weak: Validators = { ...strong, etag: 'W/"v1"' };

const outcome = (validators: Validators, method: string, fields: readonly string[]): string =>
  evaluatePreconditions(method, HeaderList.of(...fields), validators);

describe('If-None-Match compares weakly', () => {
  for (const [list, holds] of [
    ['"v1"', false],
    ['W/"v1"', false],
    ['*', false],
    ['"v0", "v1"', false],
    ['"v0","v1","v2"', false],
    ['"v0" , W/"v1"', false],
    [', ,"v1"', false],
    ['"a,b", "v1"', false],
    ['"v1", junk', false],
    ['"v0"', true],
    ['"V1"', true],
    ['w/"v1"', true],
    ['v1', true],
    ['"v1', true],
    ['junk, "v1"', true],
    ['"v0" "v1"', true],
    ['', true],
    ['"*"', true],
    ['*, "v0"', true],
  ] as const) {
    test(JSON.stringify(list), () => {
      for (const validators of [strong, weak]) {
        assert.equal(outcome(validators, 'GET', ['If-None-Match', list]), holds ? 'proceed' : 'not-modified');
      }
    });
  }

  test('in several field lines too', () => {
    assert.equal(outcome(strong, 'GET', ['If-None-Match', '"v0"', 'If-None-Match', '"v1"']), 'not-modified');
  });

  test('for another method than GET and HEAD it fails', () => {
    assert.equal(outcome(strong, 'HEAD', ['If-None-Match', '*']), 'not-modified');
    assert.equal(outcome(strong, 'PUT', ['If-None-Match', '*']), 'precondition-failed');
  });
});

describe('If-Match compares strongly', () => {
  for (const [list, validators, holds] of [
    ['"v1"', strong, true],
    ['*', strong, true],
    ['*', weak, true],
    ['"v0", "v1"', strong, true],
    ['W/"v1"', strong, false],
    ['"v1"', weak, false],
    ['W/"v1"', weak, false],
    ['"v0"', strong, false],
    ['', strong, false],
    ['junk', strong, false],
  ] as const) {
    test(`${JSON.stringify(list)} against ${validators.etag}`, () => {
      assert.equal(outcome(validators, 'GET', ['If-Match', list]), holds ? 'proceed' : 'precondition-failed');
    });
  }
});

describe('dates', () => {
  for (const [field, date, expected] of [
    ['If-Modified-Since', LAST_MODIFIED, 'not-modified'],
    ['If-Modified-Since', OBSOLETE, 'not-modified'],
    ['If-Modified-Since', LATER, 'not-modified'],
    ['If-Modified-Since', EARLIER, 'proceed'],
    ['If-Modified-Since', 'soon', 'proceed'],
    ['If-Unmodified-Since', LAST_MODIFIED, 'proceed'],
    ['If-Unmodified-Since', OBSOLETE, 'proceed'],
    ['If-Unmodified-Since', LATER, 'proceed'],
    ['If-Unmodified-Since', EARLIER, 'precondition-failed'],
    ['If-Unmodified-Since', 'soon', 'proceed'],
  ] as const) {
    test(`${field}: ${date}`, () => assert.equal(outcome(strong, 'GET', [field, date]), expected));
  }

  test('If-Modified-Since is for GET and HEAD', () => {
    assert.equal(outcome(strong, 'HEAD', ['If-Modified-Since', LATER]), 'not-modified');
    assert.equal(outcome(strong, 'DELETE', ['If-Modified-Since', LATER]), 'proceed');
  });

  test('a date that stands twice is ignored', () => {
    assert.equal(outcome(strong, 'GET', ['If-Modified-Since', LATER, 'If-Modified-Since', LATER]), 'proceed');
  });
});

describe('precedence (RFC 9110 §13.2.2)', () => {
  for (const [what, fields, expected] of [
    ['nothing', [], 'proceed'],
    [
      'If-Match outweighs If-Unmodified-Since',
      ['If-Match', '"v1"', 'If-Unmodified-Since', EARLIER],
      'proceed',
    ],
    ['a failed If-Match is the end', ['If-Match', '"v0"', 'If-None-Match', '"v1"'], 'precondition-failed'],
    ['If-None-Match comes after If-Match', ['If-Match', '"v1"', 'If-None-Match', '"v1"'], 'not-modified'],
    [
      'If-None-Match comes after If-Unmodified-Since',
      ['If-Unmodified-Since', EARLIER, 'If-None-Match', '"v1"'],
      'precondition-failed',
    ],
    [
      'If-None-Match outweighs If-Modified-Since',
      ['If-None-Match', '"v0"', 'If-Modified-Since', LATER],
      'proceed',
    ],
    ['If-Modified-Since comes after If-Match', ['If-Match', '*', 'If-Modified-Since', LATER], 'not-modified'],
  ] as const) {
    test(what, () => assert.equal(outcome(strong, 'GET', fields), expected));
  }
});

describe('If-Range (RFC 9110 §13.1.5)', () => {
  for (const [value, validators, holds] of [
    [undefined, strong, true],
    ['"v1"', strong, true],
    ['"v0"', strong, false],
    ['W/"v1"', strong, false],
    ['W/"v1"', weak, false],
    ['"v1"', weak, false],
    ['*', strong, false],
    ['"v0", "v1"', strong, false],
    [LAST_MODIFIED, strong, true],
    [OBSOLETE, strong, true],
    [EARLIER, strong, false],
    [LATER, strong, false],
    ['soon', strong, false],
    [LAST_MODIFIED, weak, true],
    [LAST_MODIFIED, { ...strong, isDateStrong: false }, false],
    ['"v1"', { ...strong, isDateStrong: false }, true],
    ['', strong, false],
  ] as const) {
    test(`${value} against ${validators.etag}, ${validators.isDateStrong ? 'strong' : 'weak'} date`, () => {
      const headers = value === undefined ? HeaderList.of() : HeaderList.of('If-Range', value);
      assert.equal(ifRangeHolds(headers, validators), holds);
    });
  }
});

test('If-Range that stands twice holds no validator', () => {
  assert.equal(ifRangeHolds(HeaderList.of('If-Range', '"v1"', 'If-Range', '"v0"'), strong), false);
});

describe('which of the fields a request has', () => {
  const offTheWire = (...names: Parameters<typeof knownField>): HeaderList =>
    new HeaderList(
      'x: y',
      names.flatMap((name) => [knownField(name), 0, 1, 3, 4]),
    );
  const fields = [
    ['if-match', CONDITIONAL.ifMatch],
    ['if-none-match', CONDITIONAL.ifNoneMatch],
    ['if-modified-since', CONDITIONAL.ifModifiedSince],
    ['if-unmodified-since', CONDITIONAL.ifUnmodifiedSince],
    ['if-range', CONDITIONAL.ifRange],
    ['range', CONDITIONAL.range],
  ] as const;

  test('none', () => {
    assert.equal(conditionalFields(new HeaderList()), 0);
    for (const name of ['host', 'user-agent', 'accept', 'authorization'] as const) {
      assert.equal(conditionalFields(offTheWire(name)), 0);
    }
  });

  test('each of them, off the wire', () => {
    for (const [name, bit] of fields) assert.equal(conditionalFields(offTheWire(name)), bit);
    assert.equal(
      conditionalFields(
        new HeaderList('x: y', [knownField('range'), 0, 1, 3, 4, knownField('if-range'), 0, 1, 3, 4]),
      ),
      48,
    );
  });

  test('all may stand in a head that has been changed', () => {
    assert.equal(conditionalFields(HeaderList.of('accept', '*/*')), 63);
  });

  test('a removed one is not there', () => {
    const headers = offTheWire('range');
    assert.equal(conditionalFields(headers.delete('range')), 0);
  });
});

test('a long list costs time in proportion', () => {
  assert.equal(outcome(strong, 'GET', ['If-None-Match', `${' '.repeat(200_000)}x`]), 'proceed');
  assert.equal(outcome(strong, 'GET', ['If-None-Match', '"v0" ,'.repeat(50_000)]), 'proceed');
  assert.equal(outcome(strong, 'GET', ['If-None-Match', '"'.repeat(200_000)]), 'proceed');
});
