import assert from 'node:assert/strict';
import { STRICT, type Leniency } from '../../src/http1/leniency.ts';
import type { HeadLimits } from '../../src/http1/parse-request-head.ts';
import { RequestHeadParser } from '../../src/http1/parse-request-head.ts';
import { parseInPieces, sameForEveryCut } from './in-pieces.ts';

const LIMITS: HeadLimits = { headerBytes: 8192, headers: 100, uriBytes: 4096 };

/** A head as a test compares it. */
export interface ParsedHead {
  readonly method: string;
  readonly form: string;
  readonly rawTarget: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly version: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Bits of `SEEN`. */
  readonly seen: number;
  readonly consumed: number;
}

/** The rule that was broken, and the offset of the byte that broke it. */
export interface Refusal {
  readonly error: string;
  readonly offset: number;
}

/** What becomes of a request's head, however its bytes are cut. */
export function requestOutcome(
  message: string,
  limits: Partial<HeadLimits> = {},
  lenient: Leniency = STRICT,
): ParsedHead | Refusal | 'need-more' {
  const bytes = Buffer.from(message, 'latin1');
  return sameForEveryCut(bytes, (ends) => {
    const parser = new RequestHeadParser({ ...LIMITS, ...limits }, lenient);
    const verdict = parseInPieces(bytes, ends, (...piece) => parser.parse(...piece));
    if (verdict === 'need-more') return verdict;
    if (verdict === 'refused') return { error: parser.error, offset: parser.errorOffset };
    assert.ok(parser.head);
    const { headers, derived: _, ...rest } = parser.head;
    return { ...rest, fields: [...headers], seen: parser.seen, consumed: verdict.consumed };
  });
}

/** The head of a message that must be accepted. */
export function parsedRequest(message: string, limits?: Partial<HeadLimits>, lenient?: Leniency): ParsedHead {
  const outcome = requestOutcome(message, limits, lenient);
  if (typeof outcome === 'string' || 'error' in outcome) {
    assert.fail(`${JSON.stringify(message)}: ${JSON.stringify(outcome)}`);
  }
  return outcome;
}
