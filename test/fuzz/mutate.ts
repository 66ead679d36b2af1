import type { Random } from './random.ts';
import { INTERESTING_BYTES, INTERESTING_PIECES, LINE_ENDS, OTHER_FIELDS } from './vocabulary.ts';

/** Longer inputs find nothing that shorter ones do not, and take their time. */
const LONGEST = 2048;

/** A change of one input; `others` are those that it may be spliced with. */
type Mutation = (random: Random, bytes: Buffer, others: readonly Buffer[]) => Buffer;

/** One to four changes, byte by byte and line by line. */
export function mutate(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  let mutated = bytes;
  for (let left = 1 + random.below(4); left > 0; left--) {
    mutated = random.pick(MUTATIONS)(random, mutated, others);
  }
  return mutated.length > LONGEST ? mutated.subarray(0, LONGEST) : mutated;
}

/** Replace `bytes[from..to)`. */
function replace(bytes: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);
}

const NOTHING = Buffer.alloc(0);

/** Where a line begins, one of them, and where it ends with its line end. */
function someLine(random: Random, bytes: Buffer): [start: number, end: number] {
  const near = random.below(bytes.length + 1);
  const start = near === 0 ? 0 : bytes.lastIndexOf(0x0a, near - 1) + 1;
  const end = bytes.indexOf(0x0a, near);
  return [start, end === -1 ? bytes.length : end + 1];
}

/** Right before or behind a byte that ends something: there are the states of a parser. */
function besideDelimiter(random: Random, bytes: Buffer): number {
  const from = random.below(bytes.length + 1);
  for (let at = from; at < bytes.length; at++) {
    if (DELIMITERS.has(bytes[at])) return at + random.below(2);
  }
  return from;
}

const DELIMITERS: ReadonlySet<number> = new Set(Buffer.from('\r\n :;,="/'));

const MUTATIONS: readonly Mutation[] = [
  // Bytes: flip, replace, insert, delete, repeat.
  (random, bytes) => {
    if (bytes.length === 0) return bytes;
    const flipped = Buffer.from(bytes);
    flipped[random.below(bytes.length)] ^= 1 << random.below(8);
    return flipped;
  },
  (random, bytes) => {
    if (bytes.length === 0) return bytes;
    const replaced = Buffer.from(bytes);
    replaced[random.below(bytes.length)] = random.pick(INTERESTING_BYTES);
    return replaced;
  },
  (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return replace(bytes, at, at, Buffer.from([random.pick(INTERESTING_BYTES)]));
  },
  (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return replace(bytes, at, Math.min(bytes.length, at + 1 + random.below(4)), NOTHING);
  },
  (random, bytes) => {
    const from = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, from + 1 + random.below(40));
    return replace(bytes, to, to, bytes.subarray(from, to));
  },
  (random, bytes) => {
    const at = besideDelimiter(random, bytes);
    return replace(bytes, at, at, Buffer.from([random.pick(INTERESTING_BYTES)]));
  },
  (random, bytes) => {
    const at = besideDelimiter(random, bytes);
    return replace(bytes, at, Math.min(bytes.length, at + 1), NOTHING);
  },
  // Line ends that some take for one.
  (random, bytes) => {
    const lineEnd = bytes.indexOf('\r\n', random.below(bytes.length + 1));
    if (lineEnd === -1) return bytes;
    return replace(bytes, lineEnd, lineEnd + 2, Buffer.from(random.pick(LINE_ENDS), 'latin1'));
  },
  // Pieces that mean something.
  (random, bytes) => {
    const at = random.below(bytes.length + 1);
    return replace(bytes, at, at, Buffer.from(random.pick(INTERESTING_PIECES), 'latin1'));
  },
  // Lines: double one, delete one, add one, move one.
  (random, bytes) => {
    const [start, end] = someLine(random, bytes);
    return replace(bytes, end, end, bytes.subarray(start, end));
  },
  (random, bytes) => {
    const [start, end] = someLine(random, bytes);
    return replace(bytes, start, end, NOTHING);
  },
  (random, bytes) => {
    const [, end] = someLine(random, bytes);
    return replace(bytes, end, end, Buffer.from(`${random.pick(OTHER_FIELDS)}\r\n`, 'latin1'));
  },
  (random, bytes) => {
    const [start, end] = someLine(random, bytes);
    const line = Buffer.from(bytes.subarray(start, end));
    const rest = replace(bytes, start, end, NOTHING);
    const [to] = someLine(random, rest);
    return replace(rest, to, to, line);
  },
  // Numbers: a digit more, less, or another.
  (random, bytes) => {
    const places = [...bytes.keys()].filter((i) => bytes[i] >= 0x30 && bytes[i] <= 0x39);
    if (places.length === 0) return bytes;
    const at = random.pick(places);
    return replace(bytes, at, at + random.below(2), Buffer.from([0x30 + random.below(10)]));
  },
  // Two inputs: the beginning of one and the end of the other, or one behind the other.
  (random, bytes, others) => {
    if (others.length === 0) return bytes;
    const other = random.pick(others);
    const from = random.below(other.length + 1);
    return replace(bytes, random.below(bytes.length + 1), bytes.length, other.subarray(from));
  },
  (random, bytes, others) => (others.length === 0 ? bytes : Buffer.concat([bytes, random.pick(others)])),
  // The end is missing.
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
];
