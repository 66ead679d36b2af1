import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { candidateField, fieldNameOf, fieldNumber, knownField } from './field-names.ts';

const candidate = (name: string): number =>
  candidateField(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));

describe('the number of a field name', () => {
  it('is the same in any case, and leads back to the name in lower case', () => {
    for (const name of ['content-length', 'Content-Length', 'CONTENT-LENGTH']) {
      assert.equal(fieldNumber(name), knownField('content-length'));
      assert.equal(fieldNameOf(fieldNumber(name)), 'content-length');
    }
  });

  it('is 0 for every name that the server has no opinion about', () => {
    for (const name of ['', 'x-own', 'content-lengt', 'content-lengths', 'constructor', '__proto__']) {
      assert.equal(fieldNumber(name), 0, name);
    }
  });

  it('is found by the length of the name, its first and its last byte', () => {
    for (let number = 1; fieldNameOf(number) !== undefined; number++) {
      assert.equal(candidate(fieldNameOf(number)), number, fieldNameOf(number));
    }
  });

  it('fits into a mask of 256', () => {
    let number = 1;
    while (fieldNameOf(number) !== undefined) number++;
    assert.ok(number < 256);
  });
});
