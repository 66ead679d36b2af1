import { isDeepStrictEqual } from 'node:util';
import type { AccessRecord } from '../../src/observe/access-record.ts';
import type { Recorded } from '../differential/recorder.ts';
import { Finding } from './finding.ts';
import type { GivenAnswer } from '../differential/our-answers.ts';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** A text without what is another one each time: ids and the time. */
export function timeless(text: string): string {
  return text.replaceAll(UUID, 'ID').replaceAll(/\r\nDate: [^\r]*/g, '');
}

/** What may not depend on how the bytes came: of an answer. */
export function answerOutcome({ response }: GivenAnswer): unknown {
  const { status, reason, fields, trailers, body } = response;
  const said = fields.filter(([name]) => name !== 'Date').map((field) => timeless(field.join(': ')));
  return [status, reason, said, timeless(body.toString('latin1')), trailers];
}

/** Of a request: of a body that breaks off, more or less may have come. */
export function requestOutcome({ method, rawTarget, target, body, complete }: Recorded): unknown {
  return [method, rawTarget, target, complete, complete ? body : undefined];
}

/** Of a log line. */
export function recordOutcome(record: AccessRecord): unknown {
  const { method, host, path, status, bytes, error, cause, at } = record;
  return [method, host, path, status, bytes, error, cause, at];
}

/** @throws Finding with both outcomes, when they differ */
export function checkSame(
  whole: readonly unknown[],
  cut: readonly unknown[],
  pieces: readonly Buffer[],
): void {
  if (isDeepStrictEqual(whole, cut)) return;
  const at = whole.findIndex((part, i) => !isDeepStrictEqual(part, cut[i]));
  const lengths = pieces.map(({ length }) => length).join('+');
  const before = JSON.stringify(whole[at === -1 ? whole.length : at]);
  const after = JSON.stringify(cut[at === -1 ? whole.length : at]);
  throw new Finding('cuts', `whole:  ${before}\nin ${lengths}: ${after}`);
}
