import { Buffer } from 'node:buffer';

/** What Node's buffers have and the type definitions leave out: `toString` and `write` without their checks of encoding and range. */
interface LatinBuffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
}

/** The same text of latin1 in one piece: what `+` has joined is followed piece by piece each time that it is written. */
export function flat(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return latin1(bytes, 0, bytes.length);
}

/** `bytes[start..end)` as text, one character a byte. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as LatinBuffer).latin1Slice(start, end);
}

/** Write text over bytes from `offset` on, one byte a character. There is room for it. */
export function writeLatin1(bytes: Buffer, text: string, offset: number): void {
  (bytes as unknown as LatinBuffer).latin1Write(text, offset, text.length);
}

/** Write text that comes in pieces so that it ends at `end`. Answers where it begins; -1 where that would be before `start`. */
export function writeBefore(bytes: Buffer, pieces: readonly string[], end: number, start: number): number {
  let begin = end;
  for (const piece of pieces) begin -= piece.length;
  if (begin < start) return -1;
  writePieces(bytes, pieces, begin);
  return begin;
}

/** The same from `offset` on. */
export function writePieces(bytes: Buffer, pieces: readonly string[], offset: number): void {
  let at = offset;
  for (const piece of pieces) {
    writeLatin1(bytes, piece, at);
    at += piece.length;
  }
}
