import { Buffer } from 'node:buffer';

/** Byte classes of the grammar, as tables of 256 entries: one load decides a byte. */

export const HT = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION_MARK = 0x3f;
export const BACKSLASH = 0x5c;
export const UNDERSCORE = 0x5f;
export const HYPHEN = 0x2d;

const ALPHA = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGIT = '0123456789';

function table(members: string): Uint8Array {
  const entries = new Uint8Array(256);
  for (const member of members) entries[member.charCodeAt(0)] = 1;
  return entries;
}

/** 1 for what may stand in a token, `tchar` (RFC 9110 §5.6.2). */
export const TOKEN: Uint8Array = table(`!#$%&'*+-.^_\`|~${DIGIT}${ALPHA}`);

/** 1 for what may stand in a field value: HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5). */
export const FIELD_VALUE: Uint8Array = new Uint8Array(256).map((_, byte) =>
  byte === HT || (byte >= 0x20 && byte !== 0x7f) ? 1 : 0,
);

/** A byte of a target that leaves no question. */
export const TARGET_PLAIN = 1;
const TARGET_NOTED = 2;

/**
 * Not 0 for the bytes of a request target: pchar, `/`, `?` (RFC 3986 §3.3), and those that browsers send in spite of it
 * (`[`, `]`, `^`, `` ` ``, `{`, `|`, `}`); 0 for all others: controls, space, `"`, `#`, `<`, `>`, `\`, and bytes above 0x7e.
 */
export const TARGET: Uint8Array = table(`${ALPHA}${DIGIT}-._~!$&'()*+,;=:@%/?[]^\`{|}`);
// Those that separate, and those that a normal form may not have, or not in every place.
for (const byte of Buffer.from('/?.%;[]^`{|}')) TARGET[byte] = TARGET_NOTED;

/** Value of a hexadecimal digit, 255 for every other byte. */
export const HEX: Uint8Array = new Uint8Array(256).fill(255).map((_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});
