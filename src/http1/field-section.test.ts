import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInPieces, sameForEveryCut } from '../../test/support/in-pieces.ts';
import { ALIAS, fieldNumber } from '../http/field-names.ts';
import { FieldSection, NEED_MORE, REFUSED, SEEN } from './field-section.ts';

interface Section {
  /** Per field: its number, and the parts of the text that its spans point at. */
  readonly fields: readonly (readonly [number: number, name: string, value: string])[];
  readonly seen: number;
  readonly consumed: number;
}

/** What becomes of a section, however its bytes are cut. */
function section(text: string, maxFields = 10): Section | string {
  const bytes = Buffer.from(text, 'latin1');
  return sameForEveryCut(bytes, (ends) => {
    const parser = new FieldSection(maxFields);
    let from = 0;
    const verdict = parseInPieces(bytes, ends, (piece, base, end) => {
      const result = parser.parse(piece, base, base + from, end);
      from = parser.resumeAt;
      // All that has come is used up: the next piece is read from its first byte on.
      if (result === NEED_MORE) assert.equal(base + from, end);
      return result;
    });
    if (verdict === 'need-more') return verdict;
    if (verdict === 'refused') return `${parser.error} at ${parser.errorOffset}`;
    const fields = [];
    const spans = parser.takeSpans();
    for (let i = 0; i < spans.length; i += 5) {
      const [number, nameStart, nameEnd, valueStart, valueEnd] = spans.slice(i, i + 5);
      fields.push([number, text.slice(nameStart, nameEnd), text.slice(valueStart, valueEnd)] as const);
    }
    return { fields, seen: parser.seen, consumed: verdict.consumed };
  });
}

describe('a section of field lines (RFC 9112 §5)', () => {
  it('may be empty', () => {
    assert.deepEqual(section('\r\n'), { fields: [], seen: 0, consumed: 2 });
  });

  it('gives each field as a number and spans of the text, without the white space around values', () => {
    const text = 'Host:a\r\nx-own:  b c\t \r\nACCEPT: *\r\n\r\nbehind';
    assert.deepEqual(section(text), {
      fields: [
        [fieldNumber('host'), 'Host', 'a'],
        [0, 'x-own', 'b c'],
        [fieldNumber('accept'), 'ACCEPT', '*'],
      ],
      seen: SEEN.host,
      consumed: text.indexOf('behind'),
    });
  });

  it('knows a name by the name, not by what it has in common with others', () => {
    const names = ['hoot', 'Hos', 'Hostt', 'Content.Length', 'Transfer.Encoding', 'c0nnection'];
    const outcome = section(`${names.map((name) => `${name}: 1\r\n`).join('')}\r\n`);
    assert.deepEqual(outcome, {
      fields: names.map((name) => [0, name, '1']),
      seen: 0,
      consumed: names.join('').length + 5 * names.length + 2,
    });
  });

  it('tells a name that CGI would take for a known one, and gives it no say in the framing', () => {
    const { fields, seen } = section('Content_Length: 1\r\nX-Forwarded_For: 2\r\nx_own: 3\r\n\r\n') as {
      fields: readonly (readonly [number, string, string])[];
      seen: number;
    };
    assert.deepEqual(fields, [
      [ALIAS, 'Content_Length', '1'],
      [ALIAS, 'X-Forwarded_For', '2'],
      [0, 'x_own', '3'],
    ]);
    assert.equal(seen, 0);
  });

  it('knows a name in any case, and by no byte that another bit makes a letter of', () => {
    for (const [number, name] of ['host', 'etag', 'x-forwarded-for', 'http2-settings'].map(
      (each) => [fieldNumber(each), each] as const,
    )) {
      const spellings = [name, name.toUpperCase()];
      for (let i = 0; i < name.length; i++) {
        for (let byte = 0x21; byte < 0x7f; byte++) {
          const character = String.fromCharCode(byte);
          if (/[!#$%&'*+.^`|~0-9A-Za-z-]/.test(character)) {
            spellings.push(name.slice(0, i) + character + name.slice(i + 1));
          }
        }
      }
      for (const spelling of spellings) {
        const bytes = Buffer.from(`${spelling}: 1\r\n\r\n`);
        const parser = new FieldSection(1);
        assert.equal(parser.parse(bytes, 0, 0, bytes.length), bytes.length);
        // One byte off is another name, and may be another that is known.
        assert.equal(parser.takeSpans()[0], fieldNumber(spelling), spelling);
        assert.equal(parser.takeSpans()[0] === number, spelling.toLowerCase() === name, spelling);
      }
    }
  });

  it('notes a second Host', () => {
    const once = section('Host: a\r\n\r\n');
    const twice = section('Host: a\r\nHOST: a\r\n\r\n');
    const thrice = section('Host: a\r\nHOST: a\r\nhost: b\r\n\r\n');
    assert.ok(typeof once === 'object' && typeof twice === 'object' && typeof thrice === 'object');
    assert.equal(once.seen, SEEN.host);
    assert.equal(twice.seen, SEEN.host | SEEN.hostAgain);
    assert.equal(thrice.seen, SEEN.host | SEEN.hostAgain);
  });

  it('is refused at the byte that breaks a rule', () => {
    assert.equal(section('A: 1\r\nB\0: 2\r\n\r\n'), 'http1.field.malformed-name at 7');
    assert.equal(section('A: 1\r\nB: 2\0\r\n\r\n'), 'http1.field.malformed-value at 10');
    assert.equal(section('A: 1\n\r\n'), 'http1.line.bare-lf at 4');
    assert.equal(section('A: 1\r\n\rX'), 'http1.line.bare-cr at 6');
  });

  it('has values of all the bytes that may stand there, and of no others, wherever they stand', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (let place = 0; place < 9; place++) {
        for (const around of [0x20, 0x61, 0x7e, 0x80, 0xff]) {
          const value = Buffer.alloc(9, around);
          value[place] = byte;
          const bytes = Buffer.concat([Buffer.from('A:a'), value, Buffer.from('a\r\n\r\n')]);
          const parser = new FieldSection(1);
          const fits = byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
          const result = parser.parse(bytes, 0, 0, bytes.length);
          assert.equal(result, fits ? bytes.length : REFUSED, `0x${byte.toString(16)} at ${place}`);
          // A CR is refused for what follows it.
          if (!fits) assert.equal(parser.errorOffset, 3 + place);
        }
      }
    }
  });

  it('is refused at its first field too many', () => {
    assert.equal(section('A: 1\r\nB: 2\r\n\r\n', 1), 'http1.head.too-many-fields at 6');
    assert.equal(section('A: 1\r\n\r\n', 0), 'http1.head.too-many-fields at 0');
    assert.equal(typeof section('\r\n', 0), 'object');
  });
});
