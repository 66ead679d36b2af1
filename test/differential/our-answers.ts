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
  'GET /4 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\nConnection: TE\r\nTE: trailers\r\n\r\n',
  'OPTIONS /5 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
  'GET /6 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n',
] as const;
const METHODS = QUESTIONS.map((question) => question.slice(0, question.indexOf(' ')));
const ALL = Buffer.from(QUESTIONS.join(''));

/** An answer as the client got it. */
export interface PassedOn {
  readonly method: string;
  readonly response: RawResponse;
  /** It came from the upstream, and is none of our own. */
  readonly passed: boolean;
  /** The bytes that it stood in. */
  readonly bytes: Buffer;
}

/** What our proxy makes of what its upstream sends. */
export interface Relayed {
  readonly conversation: Conversation;
  /** What each request was answered with by the server. */
  readonly answered: readonly Answered[];
  /** The answers that the client got whole. */
  readonly answers: readonly PassedOn[];
  /** What stands behind them: an answer that is cut off. */
  readonly rest: Buffer;
}

/** Have our proxy read a stream of answers, which the servers send in these pieces. */
export function relay(pieces: readonly Buffer[], slow = false): Relayed {
  let script: Script | undefined;
  const conversation = forwardTo({ pieces: [ALL], slow }, (steps) => {
    script ??= new Script(steps, pieces);
    return script.connect();
  });
  const answers: PassedOn[] = [];
  let rest = conversation.output;
  for (const method of METHODS) {
    if (rest.length === 0) break;
    const parsed = parseResponse(rest, method, false);
    if ('missing' in parsed) break;
    const { response, consumed } = parsed;
    const passed = response.fields.some(([name, value]) => name === 'Via' && value.endsWith(' dreamserver'));
    answers.push({ method, response, passed, bytes: rest.subarray(0, consumed) });
    rest = rest.subarray(consumed);
  }
  return { conversation, answered: script?.answered ?? [], answers, rest };
}

/** An answer as it is held against another reading. */
export function messageOf({ response }: PassedOn): ReadMessage {
  return { head: String(response.status), body: response.body.toString('latin1'), complete: true };
}
