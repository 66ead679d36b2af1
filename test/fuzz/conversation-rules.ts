import type { ResponseHead } from '../../src/http/head.ts';
import { responseFraming } from '../../src/http1/framing.ts';
import { ResponseHeadParser } from '../../src/http1/parse-response-head.ts';
import type { Conversation } from '../support/memory-server.ts';
import type { GivenAnswer } from '../differential/our-answers.ts';
import { parseResponse } from '../support/parse-response.ts';
import { Finding } from './finding.ts';
import { checkLog } from './log-shape.ts';

/** Bytes that the longest of our own answers has. */
const LONGEST_ANSWER = 3500;
const LIMITS = { headerBytes: 65_536, headers: 256, uriBytes: 0 };

/**
 * What holds for every conversation, whatever was sent: it ends, nothing throws, the work is in proportion to the
 * pieces, each log line has its answer, the answers are well formed, and behind an error nothing follows.
 *
 * @returns the answers that are whole
 */
export function checkConversation(conversation: Conversation, pieces: number, relayed = 0): GivenAnswer[] {
  const { failures, settled, log, output, work, reset } = conversation;
  if (failures.length > 0) throw new Finding('exception', failures.join('\n'));
  if (!settled) throw new Finding('hang', 'the conversation has not come to its end');
  const most = 64 + 24 * (pieces + log.length);
  if (work > most)
    throw new Finding('work', `${work} steps and writes for ${pieces} pieces, ${log.length} requests`);
  const longest = LONGEST_ANSWER * (log.length + 1) + relayed;
  if (output.length > longest) throw new Finding('work', `${output.length} bytes written`);
  checkLog(log);
  return checkAnswers(output, log, reset);
}

function checkAnswers(output: Buffer, log: Conversation['log'], reset: boolean): GivenAnswer[] {
  const answers: GivenAnswer[] = [];
  let rest = output;
  for (const [i, record] of log.entries()) {
    const isLast = i === log.length - 1;
    if (rest.length === 0 && reset && isLast) break;
    const given = nextAnswer(rest, record.method || 'GET');
    if (given === undefined) {
      // Cut off: with a reset, so that nobody takes it for whole.
      if (reset && isLast) return answers;
      throw new Finding('answers', `answer ${i + 1} is missing or cut off: ${show(rest)}`);
    }
    rest = rest.subarray(given.bytes.length);
    answers.push(given);
    const { response } = given;
    if (response.status === 101) {
      // What follows are the bytes of another protocol, counted like a body's.
      if (!isLast || rest.length !== record.bytes) {
        throw new Finding('answers', `${record.bytes} bytes of a tunnel, and not ${show(rest)}`);
      }
      return answers;
    }
    const said = response.fields.find(([name]) => name === 'X-Request-Id')?.[1];
    if (response.status !== record.status || said !== record.id || response.body.length !== record.bytes) {
      throw new Finding(
        'log',
        `${record.status} ${record.id} ${record.bytes} is said of ${show(given.bytes)}`,
      );
    }
    const refused = record.error?.startsWith('http1.') === true;
    const closes = response.fields.some(([name, value]) => name === 'Connection' && value === 'close');
    if (refused && !closes) throw new Finding('answers', `refused, and yet kept open: ${show(given.bytes)}`);
    if (closes && !isLast) throw new Finding('answers', `answers behind the last one: ${show(rest)}`);
  }
  if (rest.length > 0) throw new Finding('answers', `bytes behind the last answer: ${show(rest)}`);
  return answers;
}

/** The next answer, by the strictest of parsers and by our own; undefined when it is not whole. */
function nextAnswer(bytes: Buffer, method: string): GivenAnswer | undefined {
  try {
    const parsed = parseResponse(bytes, method, false);
    if ('missing' in parsed) {
      const untilClose = bytes.length > 0 ? parseResponse(bytes, method, true) : parsed;
      if ('missing' in untilClose || untilClose.response.framing !== 'until-close') return undefined;
      return { method, response: untilClose.response, bytes };
    }
    const given = { method, response: parsed.response, bytes: bytes.subarray(0, parsed.consumed) };
    checkByOurParser(given);
    return given;
  } catch (error) {
    if (error instanceof Finding) throw error;
    if (/ended/.test((error as Error).message)) return undefined;
    throw new Finding('answers', (error as Error).message, { cause: error });
  }
}

const parser = new ResponseHeadParser(LIMITS);

function checkByOurParser({ method, bytes }: GivenAnswer): void {
  parser.reset();
  for (let at = 0; ;) {
    const after = parser.parse(bytes, at, bytes.length);
    if (after < 0)
      throw new Finding(
        'answers',
        `our own parser: ${parser.error} ${parser.detail ?? ''} in ${show(bytes)}`,
      );
    const { status, version, headers } = parser.head as ResponseHead;
    if (status >= 200 || status === 101) {
      const framing = responseFraming(method, status, version, headers, parser.seen);
      if (typeof framing === 'string')
        throw new Finding('answers', `our own framing: ${framing} in ${show(bytes)}`);
      return;
    }
    at = after;
    parser.reset();
  }
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 600));
}
