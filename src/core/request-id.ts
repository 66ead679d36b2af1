import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { latin1, writeLatin1 } from './latin1.ts';

/** Ids that are made at a time: the random bytes and the text of so many come from one native call each. */
const BATCH = 256;
const RANDOM_BYTES = 16;
const LENGTH = 36;
/** Where in the text of an id its bytes stand, two digits each; between them are dashes. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DIGITS = Buffer.from('0123456789abcdef');
/** The digits of each byte. */
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte >> 4]);
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte & 0x0f]);

const random = Buffer.alloc(BATCH * RANDOM_BYTES);
const letters = Buffer.alloc(BATCH * LENGTH, '-');
let text = '';
let next = BATCH;
/** The last that was given. */
let latest: string | undefined = undefined;

/**
 * A random UUID (RFC 9562 §5.4). `randomUUID` of node:crypto joins each from twenty strings, which whoever writes the id
 * goes through again; this one is a piece of a text that is there.
 */
export function newRequestId(): string {
  if (next === BATCH) refill();
  const start = next++ * LENGTH;
  latest = text.slice(start, start + LENGTH);
  return latest;
}

/** Write an id over bytes from `offset` on. Mostly it is the latest: then it is there as bytes, and needs no call of Node's. */
export function writeRequestId(bytes: Buffer, id: string, offset: number): void {
  if (id !== latest) return writeLatin1(bytes, id, offset);
  const from = (next - 1) * LENGTH;
  for (let i = 0; i < LENGTH; i++) bytes[offset + i] = letters[from + i];
}

function refill(): void {
  randomFillSync(random);
  for (let id = 0; id < BATCH; id++) {
    const from = id * RANDOM_BYTES;
    const to = id * LENGTH;
    // Version and variant.
    random[from + 6] = 0x40 | (random[from + 6] & 0x0f);
    random[from + 8] = 0x80 | (random[from + 8] & 0x3f);
    for (let i = 0; i < RANDOM_BYTES; i++) {
      const at = to + PLACES[i];
      letters[at] = HIGH[random[from + i]];
      letters[at + 1] = LOW[random[from + i]];
    }
  }
  text = latin1(letters, 0, letters.length);
  next = 0;
}
