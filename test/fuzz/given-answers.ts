import { compareOutput } from '../differential/answers.ts';
import type { GivenAnswer } from '../differential/our-answers.ts';
import { Finding } from './finding.ts';
import { timeless } from './outcome.ts';

/** Answers that node:http has read already, as they are without ids and times: there are not many that differ. */
const read = new Set<string>();
const MOST_REMEMBERED = 20_000;

/** What we have written to a client, read by node:http's client. @throws Finding when it reads other answers */
export async function readAnswersByNode(answers: readonly GivenAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  const text = answers.map(({ method, bytes }) => method + timeless(bytes.toString('latin1'))).join('');
  if (read.has(text)) return;
  if (read.size < MOST_REMEMBERED) read.add(text);
  const found = await compareOutput(answers);
  if (found !== undefined) throw new Finding('answers', found);
}
