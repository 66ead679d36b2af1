/** What Node's buffers have and the type definitions leave out: `toString` without its checks of encoding and range. */
interface LatinSliced {
  latin1Slice(start: number, end: number): string;
}

/** The same text of latin1 in one piece: what `+` has joined is followed piece by piece each time that it is written. */
export function flat(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return latin1(bytes, 0, bytes.length);
}

/** `bytes[start..end)` as text, one character a byte. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as LatinSliced).latin1Slice(start, end);
}
