import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { attachment } from './content-disposition.ts';
import { validField } from './header-list.ts';

describe('an attachment called', () => {
  for (const [name, value] of [
    ['paper.pdf', 'attachment; filename="paper.pdf"'],
    ['with space (1).pdf', 'attachment; filename="with space (1).pdf"'],
    ['grüße.pdf', `attachment; filename="gr__e.pdf"; filename*=UTF-8''gr%C3%BC%C3%9Fe.pdf`],
    ['😀.txt', `attachment; filename="_.txt"; filename*=UTF-8''%F0%9F%98%80.txt`],
    ['a"b\\c.txt', `attachment; filename="a_b_c.txt"; filename*=UTF-8''a%22b%5Cc.txt`],
    ['100%.txt', `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
    ["it's (*) ü", `attachment; filename="it's (*) _"; filename*=UTF-8''it%27s%20%28%2A%29%20%C3%BC`],
    [
      'a\r\nSet-Cookie: x',
      `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`,
    ],
    ['\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
  ] as const) {
    test(JSON.stringify(name), () => assert.equal(attachment(name), value));
  }

  test('anything at all is a field, and can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        const value = attachment(name);
        assert.ok(validField('Content-Disposition', value));
        const found = /^attachment; filename="([^"\\%]*)"(?:; filename\*=UTF-8''([\w!#$&+\-.^`|~%]*))?$/.exec(
          value,
        );
        assert.ok(found !== null, value);
        assert.equal(found[2] === undefined ? found[1] : decodeURIComponent(found[2]), name.toWellFormed());
      }),
    );
  });
});
