import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldValue, jsonString, quotedValue } from './escape.ts';

/** Text off the wire: one character a byte. */
const wireText = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const unescape = (text: string): string =>
  text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

test('plain values stay as they are', () => {
  for (const value of ['/', '/a%20b?c=d&e="f"', 'localhost:8080', '::1', 'a b', '{}[]<>^`~']) {
    assert.equal(fieldValue(value), value);
  }
  assert.equal(quotedValue("Mozilla/5.0 (X11; Linux) | 'x'"), "Mozilla/5.0 (X11; Linux) | 'x'");
  assert.equal(jsonString('/a|b'), '"/a|b"');
});

test('an empty value is a dash', () => {
  assert.equal(fieldValue(''), '-');
  assert.equal(quotedValue(''), '-');
  assert.equal(jsonString(''), '""');
});

test('no value ends its line, its field or its quotes', () => {
  assert.equal(fieldValue('/\r\n[INFO] x'), '/\\x0d\\x0a[INFO] x');
  assert.equal(fieldValue('/ | status=200'), '/ \\x7c status=200');
  assert.equal(quotedValue('" 200 0 "'), '\\x22 200 0 \\x22');
  assert.equal(jsonString('","status":200,"x":"'), '"\\",\\"status\\":200,\\"x\\":\\""');
});

test('no value drives a terminal', () => {
  assert.equal(fieldValue('\x1b[2J\x07\x7f'), '\\x1b[2J\\x07\\x7f');
  assert.equal(fieldValue('\x9b2J'), '\\x9b2J');
});

test('an escape cannot be forged', () => {
  assert.equal(fieldValue('\\x41'), '\\x5cx41');
  assert.equal(quotedValue('\\x41'), '\\x5cx41');
});

test('characters beyond one byte, which only the server itself can log, stand as \\uHHHH', () => {
  assert.equal(fieldValue('/srv/Ωlog'), '/srv/\\u03a9log');
  assert.equal(jsonString('Ω'), '"\\u03a9"');
});

test('any bytes become printable ASCII and can be read back', () => {
  fc.assert(
    fc.property(wireText, (text) => {
      fc.pre(text !== '');
      assert.match(fieldValue(text), /^[ -{}~]*$/);
      assert.equal(unescape(fieldValue(text)), text);
      assert.match(quotedValue(text), /^[ !#-~]*$/);
      assert.equal(unescape(quotedValue(text)), text);
      assert.match(jsonString(text), /^[ -~]*$/);
      assert.equal(JSON.parse(jsonString(text)), text);
    }),
    { numRuns: 1000 },
  );
});
