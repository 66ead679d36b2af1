import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cookieValue } from './cookies.ts';
import { HeaderList } from './header-list.ts';
import { parseFields } from '../../test/support/parse-fields.ts';

const value = (name: string, ...fields: string[]): string | undefined =>
  cookieValue(parseFields(...fields.map((field) => `Cookie: ${field}`)), name);

describe('a cookie of a request', () => {
  it('is found among the others', () => {
    assert.equal(value('b', 'a=1; b=2; c=3'), '2');
    assert.equal(value('c', 'a=1; b=2; c=3'), '3');
    assert.equal(value('c', 'a=1;b=2;c=3'), '3');
    assert.equal(value('b', 'a=1', 'b=2'), '2');
  });

  it('is not there', () => {
    assert.equal(cookieValue(new HeaderList(), 'a'), undefined);
    assert.equal(value('a', ''), undefined);
    assert.equal(value('a', 'ab=1; ba=2; A=3'), undefined);
    assert.equal(value('a', 'b="; a=1'), '1');
  });

  it('is the first of its name', () => {
    assert.equal(value('a', 'a=1; a=2'), '1');
    assert.equal(value('a', 'a=1', 'a=2'), '1');
  });

  it('may be empty, and hold any character but a semicolon', () => {
    assert.equal(value('a', 'a='), '');
    assert.equal(value('a', 'a=b=c, d "e" '), 'b=c, d "e"');
  });

  it('is no part of something malformed', () => {
    assert.equal(value('a', ';;; ; a; =a; a=1'), '1');
    assert.equal(value('a', `${';'.repeat(10_000)}a=1`), '1');
  });
});
