import { byteByByte, compareAnswers } from '../differential/answers.ts';
import { QUESTIONS, relay, type GivenAnswer, type Relayed } from '../differential/our-answers.ts';
import { checkConversation } from './conversation-rules.ts';
import { examining, Finding } from './finding.ts';
import { readAnswersByNode } from './given-answers.ts';
import { answerOutcome, checkSame, recordOutcome } from './outcome.ts';
import { cutByChance, seedOf } from './pieces.ts';
import { Random } from './random.ts';

/**
 * Everything that must hold for what an upstream sends, by way of our proxy: see `Oracle`. Answers with a signature:
 * what parts of the program the input has come to, in short.
 *
 * @throws Finding
 */
export async function examineAnswers(bytes: Buffer): Promise<string> {
  const random = new Random(seedOf(bytes));
  const pieces = byteByByte(bytes);
  const relayed = examining(() => relay(pieces));
  const answers = checkConversation(relayed.conversation, pieces.length, overhead(bytes));
  checkCuts(random, bytes, relayed, answers);
  agree(await compareAnswers(bytes, relayed));
  await readAnswersByNode(answers);
  return signatureOf(relayed);
}

/** What may be written for what was received: each byte a chunk of its own, each head for each of the answers. */
function overhead(bytes: Buffer): number {
  return 16 * bytes.length;
}

function checkCuts(random: Random, bytes: Buffer, whole: Relayed, answers: readonly GivenAnswer[]): void {
  // Where the next request comes must stay the same: bytes that come before it are nobody's.
  const ends = whole.answered.slice(0, QUESTIONS.length - 1).map(({ end }) => end);
  const pieces = cutByChance(random, bytes, ends);
  const cut = examining(() => relay(pieces, random.once(3)));
  const cutAnswers = checkConversation(cut.conversation, pieces.length, overhead(bytes));
  const until = Math.min(unbroken(whole), unbroken(cut));
  const outcome = ({ conversation, rest }: Relayed, given: readonly GivenAnswer[]): unknown[] => [
    conversation.log.slice(0, until).map(recordOutcome),
    given.slice(0, until).map(answerOutcome),
    // Behind the last one, what has come through a tunnel.
    given[until - 1]?.response.status === 101 ? rest.toString('latin1') : undefined,
  ];
  checkSame(outcome(whole, answers), outcome(cut, cutAnswers), pieces);
}

/**
 * The number of answers before the first whose body broke off: how much of it had left by then, and whether another
 * answer can stand in its place, does depend on the pieces.
 */
function unbroken({ conversation }: Relayed): number {
  const broken = conversation.log.findIndex(({ error }) => error?.startsWith('upstream.') === true);
  return broken === -1 ? conversation.log.length : broken;
}

function agree(found: string | undefined): void {
  if (found !== undefined) throw new Finding('node:http', found);
}

/** How many answers a signature tells of: the first ones, and the last. */
const TOLD = 2;

function signatureOf({ conversation, answers }: Relayed): string {
  const told = conversation.log.map(({ status, error, cause }, i) => {
    const { framing = 'cut off', interim = [], trailers = [] } = answers.at(i)?.response ?? {};
    const more = `${interim.length > 0 ? ' interim' : ''}${trailers.length > 0 ? ' trailers' : ''}`;
    return error === undefined ? `${status} ${framing}${more}` : `${status} ${cause ?? error}`;
  });
  return `answers: ${[...told.slice(0, TOLD), told.at(-1)].join(', ')}`;
}
