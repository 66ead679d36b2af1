import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIELD_VALUE, HEX, TARGET, TOKEN } from './chars.ts';

/** Every byte, as the character that it is in latin1. */
const BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** The characters to which a table gives a value other than `none`. */
const members = (table: Uint8Array, none = 0): string[] => BYTES.filter((_, byte) => table[byte] !== none);

describe('the table of', () => {
  it('tokens holds tchar (RFC 9110 §5.6.2)', () => {
    assert.deepEqual(
      members(TOKEN),
      BYTES.filter((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(byte)),
    );
  });

  it('field values holds HTAB, space, visible characters and obs-text (RFC 9110 §5.5)', () => {
    assert.deepEqual(
      members(FIELD_VALUE),
      BYTES.filter((byte) => /[\t\x20-\x7e\x80-\xff]/.test(byte)),
    );
  });

  it('targets holds what a path and a query may hold (RFC 3986 §3.3), and what browsers send besides', () => {
    assert.deepEqual(
      members(TARGET),
      BYTES.filter((byte) => /[\w\-.~!$&'()*+,;=:@%/?[\]^`{|}]/.test(byte)),
    );
  });

  it('hexadecimal digits holds their values', () => {
    assert.deepEqual(
      members(HEX, 255),
      BYTES.filter((byte) => /[0-9a-fA-F]/.test(byte)),
    );
    for (const digit of members(HEX, 255)) assert.equal(HEX[digit.charCodeAt(0)], Number.parseInt(digit, 16));
  });
});
