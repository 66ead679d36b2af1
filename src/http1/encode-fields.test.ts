import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseFields } from '../../test/support/parse-fields.ts';
import { knownField } from '../http/field-names.ts';
import { HeaderList } from '../http/header-list.ts';
import { type FieldMask, hopByHopAnd } from '../http/hop-by-hop.ts';
import { dateAndId, encodeFields, statusLine } from './encode-fields.ts';

const NOTHING: FieldMask = new Uint8Array(256);

const encode = (list: HeaderList, omit = NOTHING, nominated?: ReadonlySet<string>): string =>
  encodeFields(list, omit, nominated);

describe('field lines', () => {
  it('go out as they came in, in order, duplicates and all', () => {
    const lines = ['Host: a', 'X-Own: 1', 'accept: b', 'X-Own: 2', 'Empty: ', 'X-Last: a b'];
    assert.equal(encode(parseFields(...lines)), lines.map((line) => `${line}\r\n`).join(''));
    assert.equal(encode(new HeaderList()), '');
  });

  it('have one space behind the colon and none behind the value, whatever came in (RFC 9112 §5)', () => {
    const list = parseFields('A:1', 'B:  2', 'C:\t3', 'D: 4 ', 'E: 5\t', 'F:', 'G:  ', 'H: 8');
    assert.equal(encode(list), 'A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: \r\nG: \r\nH: 8\r\n');
  });

  it('are followed by those that were added', () => {
    const list = parseFields('A: 1').append('B', '2').append('a', '3');
    assert.equal(encode(list), 'A: 1\r\nB: 2\r\na: 3\r\n');
  });

  it('are left out one by one: omitted, removed, or nominated by Connection', () => {
    const list = parseFields(
      'Te: 1',
      'A: 2',
      'Upgrade: 3',
      'X-Hop: 4',
      'B: 5',
      'C: 6',
      'x-HOP: 7',
      'Keep-Alive: 8',
    );
    list.append('X-Hop', '9').append('D', '10').delete('b');
    assert.equal(encode(list, hopByHopAnd(), new Set(['x-hop'])), 'A: 2\r\nC: 6\r\nD: 10\r\n');
    assert.equal(
      encode(list, hopByHopAnd(knownField('te'))),
      'A: 2\r\nX-Hop: 4\r\nC: 6\r\nx-HOP: 7\r\nX-Hop: 9\r\nD: 10\r\n',
    );
  });

  it('are left out of the middle of a run of lines that go out as they are', () => {
    const lines = ['A: 1', 'B: 2', 'Te: x', 'C: 3', 'D:4', 'E: 5', 'F: 6', 'Te: y'];
    assert.equal(
      encode(parseFields(...lines), hopByHopAnd()),
      'A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\n',
    );
  });

  it('say the same as the list does, whatever its lines look like', () => {
    const name = fc.constantFrom('A', 'Te', 'x-hop', 'Accept', 'B');
    const blank = fc.constantFrom('', ' ', '  ', '\t');
    const line = fc
      .tuple(name, blank, fc.constantFrom('', '1', 'a b', 'caf\xe9'), blank)
      .map(([n, a, v, b]) => `${n}:${a}${v}${b}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const list = parseFields(...lines);
        const left = [...list].filter(([key]) => key !== 'Te' && key !== 'x-hop');
        assert.equal(
          encode(list, hopByHopAnd(), new Set(['x-hop'])),
          left.map(([key, value]) => `${key}: ${value}\r\n`).join(''),
        );
      }),
    );
  });
});

describe('a status line (RFC 9112 §4)', () => {
  it('has the registered reason, another one where that is given, or none', () => {
    assert.equal(statusLine(200, undefined), 'HTTP/1.1 200 OK\r\n');
    assert.equal(statusLine(200, 'Fine'), 'HTTP/1.1 200 Fine\r\n');
    assert.equal(statusLine(299, undefined), 'HTTP/1.1 299 \r\n');
    assert.equal(statusLine(999, undefined), 'HTTP/1.1 999 \r\n');
  });
});

describe('the Date field (RFC 9110 §6.6.1)', () => {
  it('tells the present second', (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(1994, 10, 6, 8, 49, 37, 900) });
    assert.equal(dateAndId(), 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: ');
    t.mock.timers.tick(99);
    assert.equal(dateAndId(), 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: ');
    t.mock.timers.tick(1);
    assert.equal(dateAndId(), 'Date: Sun, 06 Nov 1994 08:49:38 GMT\r\nX-Request-Id: ');
  });
});
