import type { Conversation } from '../support/memory-server.ts';
import { parseResponse, type RawResponse } from '../support/parse-response.ts';
import { forwardTo } from './ours.ts';
import type { ReadMessage } from './reading.ts';
import { Script, type Answered } from './scripted-server.ts';

/** What a client asks for, all of it at once, while the servers send what a test has them send. */
export const QUESTIONS = [
  'GET /1 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
  'HEAD /2 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
  'POST /3 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\nContent-Length: 3\r\n\r\nabc',
  'GET /4 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\nConnection: TE, upgrade\r\nTE: trailers\r\nUpgrade: x\r\n\r\n',
  'OPTIONS /5 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
  'GET /6 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
] as const;
const METHODS = QUESTIONS.map((question) => question.slice(0, question.indexOf(' ')));
const ALL = Buffer.from(QUESTIONS.join(''));

/** An answer as a client got it. */
export interface GivenAnswer {
  /** That of the request. */
  readonly method: string;
  readonly response: RawResponse;
  /** The bytes that it stood in. */
  readonly bytes: Buffer;
}

interface PassedOn extends GivenAnswer {
  /** It came from the upstream, and is none of our own. */
  readonly passed: boolean;
}

/** What our proxy makes of what its upstream sends. */
export interface Relayed {
  readonly conversation: Conversation;
  /** What each request was answered with by the server. */
  readonly answered: readonly Answered[];
  /** The answers that the client got whole. */
  readonly answers: readonly PassedOn[];
  /** What stands behind them: an answer that is cut off, or not well formed. */
  readonly rest: Buffer;
}

/** Have our proxy read a stream of answers, which the servers send in these pieces. */
export function relay(pieces: readonly Buffer[], slow = false): Relayed {
  let script: Script | undefined;
  const conversation = forwardTo({ pieces: [ALL], slow }, 20 * pieces.length, (steps) => {
    script ??= new Script(steps, pieces);
    return script.connect();
  });
  const answers: PassedOn[] = [];
  let rest = conversation.output;
  for (const method of METHODS) {
    const answer = nextAnswer(rest, method);
    if (answer === undefined) break;
    answers.push(answer);
    rest = rest.subarray(answer.bytes.length);
    // The bytes of another protocol follow.
    if (answer.response.status === 101) break;
  }
  return { conversation, answered: script?.answered ?? [], answers, rest };
}

/** The first answer in what a client has got; undefined when it is not whole, or not well formed. */
function nextAnswer(bytes: Buffer, method: string): PassedOn | undefined {
  try {
    const parsed = parseResponse(bytes, method, false);
    if ('missing' in parsed) return undefined;
    const { response, consumed } = parsed;
    const passed = response.fields.some(([name, value]) => name === 'Via' && value.endsWith(' dreamserver'));
    return { method, response, passed, bytes: bytes.subarray(0, consumed) };
  } catch {
    return undefined;
  }
}

/** An answer as it is held against another reading. */
export function messageOf({ response }: GivenAnswer): ReadMessage {
  return { head: String(response.status), body: response.body.toString('latin1'), complete: true };
}
