const LF = 0x0a;
const SP = 0x20;
const DEL = 0x7f;
/** Unicode's pictures of the control characters, in their order. */
const PICTURES = 0x2400;
const PICTURE_OF_DEL = '␡';
const DOT = '·';

/** A byte as a terminal can show it: controls as their pictures, such as ␍ and ␊, what is not ASCII as `\xE9`. */
export function visibleByte(byte: number): string {
  if (byte < SP) return String.fromCharCode(PICTURES + byte);
  if (byte === DEL) return PICTURE_OF_DEL;
  if (byte > DEL) return `\\x${byte.toString(16).toUpperCase()}`;
  return String.fromCharCode(byte);
}

/** Bytes as a terminal can show them. With dots, a space is one: to be seen at all where it stands alone. */
export function visibleBytes(bytes: Uint8Array, withDots = false): string {
  let text = '';
  for (const byte of bytes) text += withDots && byte === SP ? DOT : visibleByte(byte);
  return text;
}

/** A line of an input, as text, and the column of one of its bytes. */
export interface VisibleLine {
  readonly text: string;
  readonly column: number;
}

/** The line around a byte, with what ends it, cut to a width such that the byte is still seen. */
export function lineAround(bytes: Buffer, offset: number, width: number): VisibleLine {
  const start = offset === 0 ? 0 : bytes.lastIndexOf(LF, offset - 1) + 1;
  const lineEnd = bytes.indexOf(LF, offset);
  const end = lineEnd === -1 ? bytes.length : lineEnd + 1;
  let from = offset;
  let before = '';
  while (from > start && before.length < width / 2) before = visibleByte(bytes[--from]) + before;
  if (from > start) before = `…${before}`;
  let after = '';
  let to = offset;
  while (to < end && before.length + after.length < width - 1) after += visibleByte(bytes[to++]);
  return { text: before + after + (to < end ? '…' : ''), column: before.length };
}
