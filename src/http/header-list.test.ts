import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields } from '../../test/support/parse-fields.ts';
import { knownField } from './field-names.ts';
import { HeaderList, validField, SEVERAL } from './header-list.ts';

/** Two fields that the server knows, one of them twice, and two that it does not; then two added ones. */
function mixed(): HeaderList {
  const list = parseFields('Accept: a/a', 'X-Own: 1', 'aCCept: b/b', 'x-other: 2');
  return list.append('x-own', '3').append('Accept', 'c/c');
}

const pairs = (list: Iterable<readonly [string, string]>): string[] =>
  [...list].map(([name, value]) => `${name}: ${value}`);

describe('a header list', () => {
  it('keeps its fields in order, as they were written, duplicates and all; added ones stand behind', () => {
    assert.deepEqual(pairs(mixed()), [
      'Accept: a/a',
      'X-Own: 1',
      'aCCept: b/b',
      'x-other: 2',
      'x-own: 3',
      'Accept: c/c',
    ]);
    assert.deepEqual(pairs(new HeaderList()), []);
    assert.deepEqual(pairs(HeaderList.of('B', '1', 'a', '2')), ['B: 1', 'a: 2']);
  });

  it('is asked without regard to case (RFC 9110 §5.1)', () => {
    const list = mixed();
    for (const name of ['accept', 'Accept', 'ACCEPT']) assert.equal(list.get(name), 'a/a');
    for (const name of ['x-own', 'X-Own', 'X-OWN']) assert.equal(list.get(name), '1');
    assert.equal(HeaderList.of('X-Own', '1').get('x-OWN'), '1');
  });

  it('gives the first value, every value, or all of them as one list (RFC 9110 §5.3)', () => {
    const list = mixed();
    assert.equal(list.get('accept'), 'a/a');
    assert.deepEqual(list.getAll('accept'), ['a/a', 'b/b', 'c/c']);
    assert.equal(list.getList('accept'), 'a/a, b/b, c/c');
    assert.deepEqual(list.getAll('x-own'), ['1', '3']);
    assert.equal(list.getList('x-own'), '1, 3');
  });

  it('knows an empty value from none', () => {
    const list = parseFields('Accept:', 'X-Own: ');
    for (const name of ['accept', 'x-own']) {
      assert.equal(list.get(name), '');
      assert.equal(list.getList(name), '');
      assert.equal(list.has(name), true);
    }
    for (const name of ['vary', 'x-none', 'x-ow', 'x-owns', '']) {
      assert.equal(list.get(name), undefined, name);
      assert.equal(list.getList(name), undefined, name);
      assert.deepEqual(list.getAll(name), [], name);
      assert.equal(list.has(name), false, name);
    }
  });

  it('is asked by number for what came off the wire', () => {
    const list = mixed();
    assert.equal(list.getKnown(knownField('accept')), 'a/a');
    assert.equal(list.getKnown(knownField('vary')), undefined);
    assert.equal(HeaderList.of('Vary', '*').getKnown(knownField('vary')), '*');
  });

  it('loses every field of a name, wherever it stands', () => {
    assert.deepEqual(pairs(mixed().delete('ACCEPT')), ['X-Own: 1', 'x-other: 2', 'x-own: 3']);
    assert.deepEqual(pairs(mixed().delete('x-OWN')), [
      'Accept: a/a',
      'aCCept: b/b',
      'x-other: 2',
      'Accept: c/c',
    ]);
    assert.deepEqual(pairs(mixed().delete('vary').delete('x-none')), pairs(mixed()));
    assert.equal(mixed().delete('accept').getKnown(knownField('accept')), undefined);
    assert.deepEqual(pairs(HeaderList.of('a', '1', 'a', '2', 'b', '3', 'A', '4').delete('a')), ['b: 3']);
  });

  it('loses the fields of several names in one pass', () => {
    const names = new Set(['accept', 'x-other', 'x-none']);
    assert.deepEqual(pairs(mixed().deleteAll(names)), ['X-Own: 1', 'x-own: 3']);
    const list = mixed();
    assert.deepEqual(pairs(HeaderList.over(list).deleteAll(names)), ['X-Own: 1']);
    assert.equal(pairs(list).length, 6);
  });

  it('replaces every field of a name by one', () => {
    assert.deepEqual(pairs(mixed().set('accept', '*')), ['X-Own: 1', 'x-other: 2', 'x-own: 3', 'accept: *']);
    assert.deepEqual(pairs(mixed().set('new', '1')).at(-1), 'new: 1');
  });

  it('does not notice what becomes of a list derived from it, nor the other way round', () => {
    const list = mixed();
    const before = pairs(list);
    const derived = list.derive();
    derived.delete('accept').append('b', '2');
    assert.deepEqual(pairs(list), before);
    list.delete('x-own');
    assert.deepEqual(pairs(derived), ['X-Own: 1', 'x-other: 2', 'x-own: 3', 'b: 2']);
  });

  it('of our own making is empty each time', () => {
    new HeaderList().append('a', '1');
    assert.deepEqual(pairs(new HeaderList()), []);
  });

  it('that is derived is asked by number like any other', () => {
    const [vary, accept] = [knownField('vary'), knownField('accept')];
    const list = parseFields('Vary: a', 'X: 1').derive().set('vary', 'b');
    assert.deepEqual([list.getKnown(vary), list.getSole(vary), list.getSole(accept)], ['b', 'b', undefined]);
    list.append('Vary', 'c');
    assert.deepEqual([list.getKnown(vary), list.getSole(vary)], ['b', SEVERAL]);
    const both = parseFields('Vary: a').derive().append('VARY', 'b').append('Accept', 'c');
    assert.deepEqual([both.getKnown(vary), both.getSole(vary), both.getSole(accept)], ['a', SEVERAL, 'c']);
  });

  it('changes each value of a field, and moves nothing where none is another', () => {
    const list = parseFields('Vary: a', 'X: 1', 'vary: b').derive().append('Vary', 'c');
    assert.deepEqual(pairs(list.change('vary', (value) => value)), ['Vary: a', 'X: 1', 'vary: b', 'Vary: c']);
    const upper = list.change('Vary', (value) => (value === 'b' ? 'B' : value));
    assert.deepEqual(pairs(upper), ['X: 1', 'Vary: a', 'Vary: B', 'Vary: c']);
  });

  it('does not take a field that is not known for one that is', () => {
    const list = parseFields('Hosu: 1');
    assert.equal(list.get('host'), undefined);
    assert.deepEqual(pairs(list.delete('host')), ['Hosu: 1']);
  });
});

describe('a field that is handed in', () => {
  it('may be sent when its name is a token and its value holds no control byte (RFC 9110 §5.1, §5.5)', () => {
    for (const name of ['a', 'X-Own', "!#$%&'*+-.^_`|~09"]) assert.equal(validField(name, 'a'), true, name);
    for (const name of ['', 'a b', 'a:', 'a\r\n', '\xe9', '(a)', 'a\0'])
      assert.equal(validField(name, 'a'), false, name);
    for (const value of ['', 'a', 'a b', 'a\tb', 'caf\xe9', '"a", b'])
      assert.equal(validField('a', value), true, value);
    for (const value of [' a', 'a ', '\ta', 'a\n', 'a\r\nb: c', 'a\0b', 'a\x7f', '\u0100', ' ']) {
      assert.equal(validField('a', value), false, JSON.stringify(value));
    }
  });

  it('made over another leaves that as it is, whatever becomes of it', () => {
    const list = parseFields('A: 1', 'B: 2');
    const over = HeaderList.over(list).append('C', '3').delete('a');
    assert.deepEqual(
      [...over],
      [
        ['B', '2'],
        ['C', '3'],
      ],
    );
    assert.deepEqual(
      [...list],
      [
        ['A', '1'],
        ['B', '2'],
      ],
    );
  });
});
