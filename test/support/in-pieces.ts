import assert from 'node:assert/strict';
import { NEED_MORE, REFUSED } from '../../src/http1/field-section.ts';

/** What a parser of heads answers: see `RequestHeadParser`. */
export type Parse = (bytes: Buffer, base: number, end: number) => number;

/** The end of a parse: where the head ended, or one of the two other answers. */
export type Verdict = { readonly consumed: number } | 'need-more' | 'refused';

/** Every way in which a test cuts a message: whole, in two at each place, and byte by byte. */
export function cutsOf(length: number): number[][] {
  const bytewise = Array.from({ length }, (_, index) => index + 1);
  return [[length], ...bytewise.slice(0, -1).map((place) => [place, length]), bytewise];
}

/**
 * Parse a message of which ever more has come, up to each of `ends`. Each time it lies in another buffer at another
 * place, with bytes before and behind it that are none of the parser's business: whoever reads them is found out.
 */
export function parseInPieces(message: Buffer, ends: readonly number[], parse: Parse): Verdict {
  for (const [turn, end] of ends.entries()) {
    const base = (turn * 7) % 64;
    const bytes = Buffer.alloc(base + end + 3, 0xff);
    message.copy(bytes, base, 0, end);
    const result = parse(bytes, base, base + end);
    if (result === REFUSED) return 'refused';
    if (result !== NEED_MORE) return { consumed: result - base };
  }
  return 'need-more';
}

/**
 * What becomes of a message, told by `attempt` from the bytes that have come, cut after each of `ends`; it must be the
 * same for all the ways to cut it.
 */
export function sameForEveryCut<T>(message: Buffer, attempt: (ends: readonly number[]) => T): T {
  const [whole, ...others] = cutsOf(message.length);
  const outcome = attempt(whole);
  for (const ends of others) {
    const where = ends.length === 2 ? `cut after ${ends[0]} bytes` : 'byte by byte';
    assert.deepEqual(attempt(ends), outcome, `${where}: ${JSON.stringify(message.toString('latin1'))}`);
  }
  return outcome;
}
