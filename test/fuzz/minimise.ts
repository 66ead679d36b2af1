import type { Finding } from './finding.ts';
import { examine, type Input } from './input.ts';

/** Examinations that a finding is worth, and milliseconds. */
const MOST_TRIES = 600;
const MOST_MS = 20_000;

/**
 * The shortest input that can be found with the same rule broken: parts are left out, large ones first, as long as the
 * finding stays one.
 */
export async function minimise(input: Input, finding: Finding): Promise<{ input: Input; finding: Finding }> {
  let best = { input, finding };
  const ends = performance.now() + MOST_MS;
  let tries = 0;
  const goesOn = (): boolean => tries < MOST_TRIES && performance.now() < ends;
  const attempt = async (bytes: Buffer): Promise<boolean> => {
    tries++;
    const smaller = { kind: input.kind, bytes };
    const examined = await examine(smaller);
    if (!('finding' in examined) || examined.finding.oracle !== finding.oracle) return false;
    best = { input: smaller, finding: examined.finding };
    return true;
  };
  for (let size = Math.ceil(input.bytes.length / 2); size >= 1 && goesOn();) {
    let shrunk = false;
    for (let at = 0; at < best.input.bytes.length && goesOn();) {
      const { bytes } = best.input;
      if (await attempt(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]))) shrunk = true;
      else at += size;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!shrunk) break;
  }
  return best;
}
