import { Random } from './random.ts';

/** A number that is the bytes' own, so that an input is examined in the same way whenever it is. */
export function seedOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The bytes in a few pieces, or each by itself, cut by chance; always also at these places. */
export function cutByChance(random: Random, bytes: Buffer, places: readonly number[] = []): Buffer[] {
  if (bytes.length <= 400 && random.once(6)) return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  const cuts = new Set(places);
  for (let left = 1 + random.below(6); left > 0; left--) cuts.add(random.below(bytes.length + 1));
  // Where lines end is where states change.
  const lineEnd = bytes.indexOf(0x0a, random.below(bytes.length + 1));
  if (lineEnd !== -1) cuts.add(lineEnd + random.below(2));
  const ends = [...cuts, bytes.length]
    .filter((end) => end > 0 && end <= bytes.length)
    .toSorted((a, b) => a - b);
  return ends
    .map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end))
    .filter(({ length }) => length > 0);
}
