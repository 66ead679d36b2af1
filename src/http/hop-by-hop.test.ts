import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields } from '../../test/support/parse-fields.ts';
import { ALIAS, fieldNameOf, fieldNumber, knownField } from './field-names.ts';
import { hopByHopAnd, nominatedFields } from './hop-by-hop.ts';

const namesIn = (mask: Uint8Array): string[] =>
  [...mask.keys()].filter((number) => mask[number] === 1 && number !== ALIAS).map(fieldNameOf);

describe('the fields that concern one connection only', () => {
  it('are those of RFC 9110 §7.6.1, and those that frame a message', () => {
    assert.deepEqual(namesIn(hopByHopAnd()).toSorted(), [
      'connection',
      'content-length',
      'http2-settings',
      'keep-alive',
      'proxy-authenticate',
      'proxy-authorization',
      'proxy-connection',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ]);
  });

  it('are joined by others without a change to the set itself', () => {
    assert.ok(namesIn(hopByHopAnd(knownField('date'))).includes('date'));
    assert.ok(!namesIn(hopByHopAnd()).includes('date'));
  });

  it('include every field that CGI would take for a known one', () => {
    assert.equal(hopByHopAnd()[ALIAS], 1);
  });

  it('do not include a field that is not known', () => {
    assert.equal(hopByHopAnd()[fieldNumber('x-own')], 0);
  });
});

describe('the fields that a Connection field nominates', () => {
  const nominated = (...values: string[]): ReadonlySet<string> | undefined =>
    nominatedFields(parseFields(...values.map((value) => `Connection: ${value}`)));

  it('are nearly always none', () => {
    assert.equal(nominated(), undefined);
    for (const value of ['close', 'keep-alive', 'Keep-Alive', 'CLOSE', 'keep-alive, close', '', ' , ,']) {
      assert.equal(nominated(value), undefined, value);
    }
  });

  it('are named in any case, with white space, with empty members, and in several fields', () => {
    assert.deepEqual(nominated('X-One'), new Set(['x-one']));
    assert.deepEqual(nominated('close, X-One ,\tx-two,,'), new Set(['x-one', 'x-two']));
    assert.deepEqual(nominated('X-One', 'keep-alive', 'x-two'), new Set(['x-one', 'x-two']));
  });
});
