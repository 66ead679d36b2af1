import { Buffer } from 'node:buffer';
import { CR, HEX, LF } from './chars.ts';

/** What stands behind the data of the only chunk: its end, and the last chunk without trailers (RFC 9112 §7.1). */
const REST = Buffer.from('\r\n0\r\n\r\n');

/**
 * The length of the data, where `bytes[position..end)` is a whole chunked body of one chunk in the form that we write too,
 * so that it can be passed on as it is: no zero in front of the size, no extensions, no trailers. Else -1.
 */
export function oneChunkIn(bytes: Buffer, position: number, end: number): number {
  let length = 0;
  let p = position;
  for (; p < end && HEX[bytes[p]] !== 255; p++) length = length * 16 + HEX[bytes[p]];
  if (length === 0 || HEX[bytes[position]] === 0) return -1;
  const dataEnd = p + 2 + length;
  if (dataEnd + REST.length !== end || bytes[p] !== CR || bytes[p + 1] !== LF) return -1;
  for (let i = 0; i < REST.length; i++) if (bytes[dataEnd + i] !== REST[i]) return -1;
  return length;
}
