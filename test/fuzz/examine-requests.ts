import { NodeServer } from '../differential/node-server.ts';
import { forward, serve, type Forwarded, type Manner, type Served } from '../differential/ours.ts';
import type { Reading } from '../differential/reading.ts';
import { compareRaw, compareStreams, compareWithUpstream } from '../differential/requests.ts';
import type { GivenAnswer } from '../differential/our-answers.ts';
import { checkConversation } from './conversation-rules.ts';
import { examining, Finding } from './finding.ts';
import { readAnswersByNode } from './given-answers.ts';
import { answerOutcome, checkSame, recordOutcome, requestOutcome } from './outcome.ts';
import { cutByChance, seedOf } from './pieces.ts';
import { Random } from './random.ts';

const node = new NodeServer();
const readByNode = (bytes: Buffer): Promise<Reading> => node.read(bytes);

/**
 * Everything that must hold for what a client sends: see `Oracle`. Answers with a signature: what parts of the program
 * the input has come to, in short.
 *
 * @throws Finding
 */
export async function examineRequests(bytes: Buffer): Promise<string> {
  const random = new Random(seedOf(bytes));
  const served = examining(() => serve({ pieces: [bytes] }, false));
  const answers = checkConversation(served.conversation, 1);
  checkCuts(random, bytes, served, answers);
  await readAnswersByNode(answers);

  const readsAll = bytes.includes('/unread') ? examining(() => serve({ pieces: [bytes] })) : served;
  if (readsAll.requests.length > 0) {
    agree('node:http', await compareRaw(bytes, 'node:http', readByNode));
    const forwarded = checkForwarding(random, bytes, readsAll, random.once(2));
    agree('node:http', await compareStreams(forwarded, 'node:http', readByNode));
  } else {
    const { streams } = examining(() => forward({ pieces: [bytes] }, false));
    if (streams.length > 0)
      throw new Finding('forwarding', 'a byte of what is refused has gone to the upstream');
  }
  return signatureOf(served);
}

function checkCuts(random: Random, bytes: Buffer, whole: Served, answers: readonly GivenAnswer[]): void {
  const pieces = cutByChance(random, bytes);
  const cut = examining(() => serve({ pieces, slow: random.once(3) }, false));
  const cutAnswers = checkConversation(cut.conversation, pieces.length);
  const outcome = ({ requests, conversation }: Served, given: readonly GivenAnswer[]): unknown[] => [
    requests.map(requestOutcome),
    conversation.log.map(recordOutcome),
    given.map(answerOutcome),
  ];
  checkSame(outcome(whole, answers), outcome(cut, cutAnswers), pieces);
}

function checkForwarding(random: Random, bytes: Buffer, served: Served, buffered: boolean): Forwarded {
  const forwarded = checkForwarded({ pieces: [bytes] }, bytes, served, buffered);
  if (random.once(3)) {
    const pieces = cutByChance(random, bytes);
    const cut = checkForwarded({ pieces, slow: random.once(3) }, bytes, served, buffered);
    const outcome = ({ reading, conversation }: Forwarded): unknown[] => [
      // Whether anything of a request that breaks off is sent is a matter of time.
      reading.messages.filter(({ complete }) => complete),
      conversation.log.map(recordOutcome),
    ];
    checkSame(outcome(forwarded), outcome(cut), pieces);
  }
  return forwarded;
}

function checkForwarded(manner: Manner, bytes: Buffer, served: Served, buffered: boolean): Forwarded {
  const forwarded = examining(() => forward(manner, buffered));
  checkConversation(forwarded.conversation, manner.pieces.length);
  agree('forwarding', compareWithUpstream(bytes, served, forwarded));
  return forwarded;
}

function agree(oracle: 'forwarding' | 'node:http', found: string | undefined): void {
  if (found !== undefined) throw new Finding(oracle, found);
}

/** How many messages a signature tells of: the last ones. */
const TOLD = 2;

function signatureOf({ requests, conversation }: Served): string {
  const { log } = conversation;
  const told = log.slice(-TOLD).map(({ status, error }, i) => {
    const request = requests.at(Math.max(0, log.length - TOLD) + i);
    if (request === undefined) return `${status} ${error ?? ''}`;
    const { body, complete, rawTarget } = request;
    const form = rawTarget.startsWith('/') ? '' : rawTarget.slice(0, 1);
    const content = body === undefined ? 'unread' : body === '' ? '' : 'body';
    return `${status} ${error ?? ''}${form}${content}${complete ? '' : '…'}`;
  });
  return `requests: ${log.length > TOLD ? '+ ' : ''}${told.join(', ')}`;
}
