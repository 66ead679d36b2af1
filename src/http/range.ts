/** A part of a representation: both positions count from 0 and belong to it. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const RANGES = /^bytes=([\t ,0-9-]+)$/i;
const RANGE_SPEC = /^(\d*)-(\d*)$/;

/**
 * The ranges that a Range field asks of a representation of `length` bytes (RFC 9110 §14.1.2), in the order in which
 * they stand, cut at its end, without those that lie outside of it. `unsatisfiable` when all of them do: the answer is
 * 416. Undefined when the field is to be ignored: another unit than bytes, malformed, a range that ends before it
 * begins, the end of an empty representation.
 */
export function parseRanges(
  field: string,
  length: number,
): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const set = RANGES.exec(field)?.[1];
  if (set === undefined) return undefined;
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
    seen++;
    if (range.first <= range.last) ranges.push(range);
  }
  if (seen === 0) return undefined;
  return ranges.length === 0 ? 'unsatisfiable' : ranges;
}

/** One range-spec; undefined when it is invalid. A range that holds no byte is not satisfiable. */
function resolve(first: string, last: string, length: number): ByteRange | undefined {
  if (first === '') {
    const suffix = Number(last);
    // The end of nothing can be asked for, but no Content-Range can name it: that is answered as a whole.
    if (last === '' || (suffix > 0 && length === 0)) return undefined;
    // A suffix longer than the representation stands for all of it.
    return { first: Math.max(0, length - suffix), last: length - 1 };
  }
  const from = Number(first);
  const to = last === '' ? Infinity : Number(last);
  if (to < from) return undefined;
  return { first: from, last: Math.min(to, length - 1) };
}

/** The Content-Range of a 206 answer (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, length: number): string {
  return `bytes ${range.first}-${range.last}/${length}`;
}

/** The Content-Range of a 416 answer: how long the representation is. */
export function unsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}
