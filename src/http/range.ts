/** A part of a representation: both positions count from 0 and belong to it. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Who asks for more ranges at once gets the whole: it is a broken client or an attack (RFC 9110 §14.2, §17.15). Those who
 * have a reason, such as a reader of PDF files or an updater that fetches what has changed, do with less or ask again.
 */
export const MAX_RANGES = 32;

const RANGES = /^bytes=([\t ,0-9-]+)$/i;
const RANGE_SPEC = /^(\d*)-(\d*)$/;

/**
 * The ranges that a Range field asks of a representation of `length` bytes (RFC 9110 §14.1.2), in the order in which
 * they stand, cut at its end, without those that lie outside of it. `unsatisfiable` when all of them do: the answer is
 * 416. Undefined when the field is to be ignored: another unit than bytes, malformed, a range that ends before it
 * begins, more than `MAX_RANGES`, and any range of an empty representation, so that who puts a Range into each of its
 * requests gets nothing instead of an error (RFC 9110 §14.2).
 */
export function parseRanges(
  field: string,
  length: number,
): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const set = RANGES.exec(field)?.[1];
  if (set === undefined || length === 0) return undefined;
  const ranges: ByteRange[] = [];
  let seen = 0;
  for (const member of set.split(',')) {
    const spec = member.trim();
    // A list may have empty members (RFC 9110 §5.6.1.2).
    if (spec === '') continue;
    const positions = RANGE_SPEC.exec(spec);
    if (positions === null) return undefined;
    const range = resolve(positions[1], positions[2], length);
    if (range === undefined) return undefined;
    if (++seen > MAX_RANGES) return undefined;
    if (range.first <= range.last) ranges.push(range);
  }
  if (seen === 0) return undefined;
  return ranges.length === 0 ? 'unsatisfiable' : ranges;
}

/** One range-spec; undefined when it is invalid. A range that holds no byte is not satisfiable. */
function resolve(first: string, last: string, length: number): ByteRange | undefined {
  if (first === '') {
    if (last === '') return undefined;
    // A suffix longer than the representation stands for all of it.
    return { first: Math.max(0, length - Number(last)), last: length - 1 };
  }
  const from = Number(first);
  const to = last === '' ? Infinity : Number(last);
  if (to < from) return undefined;
  return { first: from, last: Math.min(to, length - 1) };
}

/**
 * The same bytes in fewer ranges (RFC 9110 §15.3.7.2): those become one that overlap, touch, or have so few bytes between
 * them that these cost no more than another part would (`gap`). They stand where the first of theirs stood.
 */
export function coalesceRanges(ranges: readonly ByteRange[], gap: number): readonly ByteRange[] {
  const merged: { first: number; last: number; place: number }[] = [];
  const ascending = ranges.map((range, place) => ({ ...range, place })).sort((a, b) => a.first - b.first);
  for (const range of ascending) {
    const before = merged.at(-1);
    if (before === undefined || range.first - before.last - 1 > gap) {
      merged.push(range);
    } else {
      before.last = Math.max(before.last, range.last);
      before.place = Math.min(before.place, range.place);
    }
  }
  return merged.sort((a, b) => a.place - b.place).map(({ first, last }) => ({ first, last }));
}

/** The Content-Range of a 206 answer (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, length: number): string {
  return `bytes ${range.first}-${range.last}/${length}`;
}

/** The Content-Range of a 416 answer: how long the representation is. */
export function unsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}
