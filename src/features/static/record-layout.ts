/**
 * Where everything lies in the memory that threads share:
 *
 *     [ header ][ buckets: first record of each ][ records 1 … entries ][ bytes … ]
 *
 *     record   [ version ][ fresh until ][ id ][ generation ][ pins ][ head ][ asked ][ place ][ … ][ tag ]
 *     byte     0          40             48    64            68      72      76       80       92   116
 *
 *     bytes    [ room for a head ][ those of the file ]
 *
 * Record 0 is nobody: it stands for the end of a chain, and for both ends of the bytes.
 */

/** Unit in which bytes are laid out: a line of the processor's cache. */
export const GRAIN = 64;

/** Words of the header. */
export const HEADER = {
  lock: 0,
  entries: 1,
  buckets: 2,
  hand: 3,
  entryHand: 4,
  free: 5,
  used: 6,
  changes: 7,
  warned: 8,
  finds: 9,
  filled: 10,
  authors: 11,
  seed: 12,
} as const;
export const HEADER_BYTES = 64;
export const RECORD_BYTES = 160;
export const RECORD_WORDS = RECORD_BYTES / 4;
export const RECORD_DOUBLES = RECORD_BYTES / 8;

/** Doubles of a record, behind those of the version. */
export const FRESH_UNTIL = 5;
/** Words of a record. What a request for its bytes needs, from the generation to the length, is in one line of the processor's cache. */
export const WORD = {
  id: 12,
  generation: 16,
  pins: 17,
  author: 18,
  at: 20,
  grains: 21,
  length: 22,
  next: 23,
  above: 24,
  below: 25,
  state: 26,
  changes: 27,
  askedAt: 28,
} as const;
/** Bytes of a record. */
export const BYTE = { visited: 76, asked: 77, tagLength: 78, tag: 116 } as const;
export const LONGEST_TAG = RECORD_BYTES - BYTE.tag;

/** What is so of a record; bits of its state. */
export const STATE = {
  /** It can be found by its id. */
  listed: 1,
  /** Version, tag and the like have been written. */
  known: 2,
  /** The bytes have been written. */
  filled: 4,
  settled: 8,
} as const;

/** Room before the bytes of each file, for the head of an answer that sends it whole; that is some 300 bytes. */
export const HEAD_ROOM = 8 * GRAIN;

export function bucketsFor(entries: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(entries)));
}

export function slabAt(entries: number): number {
  const end = HEADER_BYTES + bucketsFor(entries) * 4 + (entries + 1) * RECORD_BYTES;
  return Math.ceil(end / GRAIN) * GRAIN;
}

/** Grains for the bytes of a file of that length, with the room before them. */
export function grainsFor(length: number): number {
  return Math.ceil((HEAD_ROOM + length) / GRAIN);
}
