/** What Node's buffers have and the type definitions leave out: `toString` without its checks of encoding and range. */
interface LatinSliced {
  latin1Slice(start: number, end: number): string;
}

/** `bytes[start..end)` as text, one character a byte. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as LatinSliced).latin1Slice(start, end);
}
