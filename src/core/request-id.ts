import { randomFillSync } from 'node:crypto';
import { latin1 } from './latin1.ts';

/** Ids that are made at a time: the random bytes and the text of so many come from one native call each. */
const BATCH = 256;
const RANDOM_BYTES = 16;
const LENGTH = 36;
const DASH = 0x2d;
const DIGITS = Buffer.from('0123456789abcdef');

const random = Buffer.alloc(BATCH * RANDOM_BYTES);
const letters = Buffer.alloc(BATCH * LENGTH);
let text = '';
let next = BATCH;

/**
 * A random UUID (RFC 9562 §5.4). `randomUUID` of node:crypto joins each from twenty strings, which whoever writes the id
 * goes through again; this one is a piece of a text that is there.
 */
export function newRequestId(): string {
  if (next === BATCH) refill();
  const start = next++ * LENGTH;
  return text.slice(start, start + LENGTH);
}

function refill(): void {
  randomFillSync(random);
  let at = 0;
  for (let i = 0; i < random.length; i++) {
    const index = i % RANDOM_BYTES;
    let byte = random[i];
    if (index === 6) byte = 0x40 | (byte & 0x0f);
    else if (index === 8) byte = 0x80 | (byte & 0x3f);
    if (index === 4 || index === 6 || index === 8 || index === 10) letters[at++] = DASH;
    letters[at++] = DIGITS[byte >> 4];
    letters[at++] = DIGITS[byte & 0x0f];
  }
  text = latin1(letters, 0, letters.length);
  next = 0;
}
