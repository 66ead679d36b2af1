/*
 * Log values come from clients and upstreams, who would like to write lines and fields of their own. One scheme for all
 * formats but JSON: what is not printable ASCII, the backslash, and the one character that ends a value in that format
 * stand as \xHH, where HH is the byte. So no value holds a line end, an escape sequence for a terminal, or the end of
 * itself, and what was sent can be read back. Everything that leaves here is ASCII.
 */

/** Not printable ASCII, or `\`, or the `|` that separates fields. */
const UNSAFE_IN_FIELD = /[^\x20-\x5b\x5d-\x7b\x7d\x7e]/;
/** Not printable ASCII, or `\`, or the `"` that ends a quoted string. */
const UNSAFE_IN_QUOTES = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

/** A value for ` | key=value`: never a `|` in it, and `-` when it is empty. */
export function fieldValue(value: string): string {
  if (UNSAFE_IN_FIELD.test(value)) return escapeAll(value, UNSAFE_IN_FIELD);
  return value === '' ? '-' : value;
}

/** A value between double quotes, without the quotes; `-` when it is empty. */
export function quotedValue(value: string): string {
  if (UNSAFE_IN_QUOTES.test(value)) return escapeAll(value, UNSAFE_IN_QUOTES);
  return value === '' ? '-' : value;
}

/** A JSON string with its quotes. Bytes beyond ASCII stand as `\u00HH`. */
export function jsonString(value: string): string {
  if (!UNSAFE_IN_QUOTES.test(value)) return `"${value}"`;
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, unicodeEscape);
}

function escapeAll(value: string, unsafe: RegExp): string {
  return value.replaceAll(new RegExp(unsafe.source, 'g'), (character) => {
    const code = character.charCodeAt(0);
    // Text off the wire has one character a byte; only our own (a file's name, a system's message) can hold others.
    return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
