import { generate } from '../fuzz/generate.ts';
import { mutate } from '../fuzz/mutate.ts';
import { Random } from '../fuzz/random.ts';
import * as words from '../fuzz/vocabulary.ts';

const HOST = 'Host: a';
const TE = 'Transfer-Encoding';
const CL = 'Content-Length';
const AFTER = 'GET /after HTTP/1.1\r\nHost: a\r\n\r\n';
/** A body that ends at its fifth byte for who counts, and with itself for who reads chunks. */
const TWO_ENDS = `0\r\n\r\n${AFTER}`;

function post(fields: readonly string[], body: string): string {
  return `${['POST /x HTTP/1.1', HOST, ...fields].join('\r\n')}\r\n\r\n${body}`;
}

const chunked = (body: string): string => post([`${TE}: chunked`], `${body}${AFTER}`);
const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** Each odd spelling by itself, where a reader that takes it for the plain one sees other messages. */
function* systematic(): Generator<string> {
  for (const value of distinct(words.CODING_VALUES)) {
    yield post([`${TE}: ${value}`], TWO_ENDS);
    yield post([`${TE}:${value}`, `${CL}: 5`], TWO_ENDS);
    yield post([`${TE}: ${value}`, `${TE}: chunked`], TWO_ENDS);
    yield post([`${TE}: chunked`, `${TE}: ${value}`], TWO_ENDS);
  }
  for (const value of distinct(words.LENGTH_VALUES)) {
    yield post([`${CL}: ${value}`], TWO_ENDS);
    yield post([`${CL}:${value}`, `${CL}: 5`], TWO_ENDS);
    yield post([`${CL}: 5`, `${CL}: ${value}`], TWO_ENDS);
  }
  for (const odd of words.ODD_NAMES) {
    yield post([`${odd(TE)}: chunked`], TWO_ENDS);
    yield post([`${odd(TE)}: chunked`, `${CL}: 5`], TWO_ENDS);
    yield post([`${CL}: 5`, `${odd(TE)}: chunked`], TWO_ENDS);
    yield post([`${odd(CL)}: 5`], TWO_ENDS);
    yield post([`${odd(CL)}: 5`, `${CL}: 0`], TWO_ENDS);
  }
  for (const size of distinct(words.CHUNK_SIZES)) {
    yield chunked(`${size('3')}\r\nabc\r\n0\r\n\r\n`);
    yield chunked(`${size('a')}\r\n0123456789\r\n0\r\n\r\n`);
    yield chunked(`${size('0')}\r\n\r\n`);
  }
  for (const extension of distinct(words.CHUNK_EXTENSIONS)) {
    for (const lineEnd of distinct(words.LINE_ENDS)) {
      yield chunked(`3${extension}${lineEnd}abc\r\n0\r\n\r\n`);
      yield chunked(`3\r\nabc\r\n0${extension}${lineEnd}\r\n`);
    }
  }
  for (const lineEnd of distinct(words.LINE_ENDS)) {
    yield chunked(`3\r\nabc${lineEnd}0\r\n\r\n`);
    yield chunked(`3\r\nabc\r\n0\r\n${lineEnd}`);
    yield chunked(`3\r\nabc\r\n0\r\nX: y${lineEnd}\r\n`);
    yield `POST /x HTTP/1.1${lineEnd}${HOST}\r\n${CL}: 5\r\n\r\n${TWO_ENDS}`;
    yield `POST /x HTTP/1.1\r\n${HOST}${lineEnd}${CL}: 5\r\n\r\n${TWO_ENDS}`;
    yield `POST /x HTTP/1.1\r\n${HOST}\r\n${CL}: 5${lineEnd}${TE}: chunked\r\n\r\n${TWO_ENDS}`;
    yield `POST /x HTTP/1.1\r\n${HOST}\r\n${CL}: 5${lineEnd}\r\n${TWO_ENDS}`;
    yield `${lineEnd}POST /x HTTP/1.1\r\n${HOST}\r\n${CL}: 5\r\n\r\n${TWO_ENDS}`;
    yield `${post([`${CL}: 5`], 'abcde')}${lineEnd}${AFTER}`;
  }
  for (const field of distinct(words.OTHER_FIELDS)) {
    yield post([field], AFTER);
    yield post([field, `${CL}: 5`], TWO_ENDS);
    yield post([`${TE}: chunked`, field], TWO_ENDS);
    yield chunked(`3\r\nabc\r\n0\r\n${field}\r\n\r\n`);
  }
  for (const method of distinct(words.METHODS)) {
    yield `${method} /x HTTP/1.1\r\n${HOST}\r\n${CL}: 5\r\n\r\n${TWO_ENDS}`;
    yield `${method} /x HTTP/1.1\r\n${HOST}\r\n\r\n${AFTER}`;
  }
  for (const version of distinct(words.VERSIONS)) {
    yield `POST /x ${version}\r\n${HOST}\r\n${CL}: 5\r\n\r\n${TWO_ENDS}`;
    yield `POST /x ${version}\r\n${HOST}\r\n${TE}: chunked\r\nConnection: keep-alive\r\n\r\n${TWO_ENDS}`;
  }
  for (const target of distinct(words.TARGETS)) {
    yield `GET ${target} HTTP/1.1\r\n${HOST}\r\n\r\n${AFTER}`;
    yield `OPTIONS ${target} HTTP/1.1\r\n${HOST}\r\n\r\n${AFTER}`;
  }
}

const SEED = 20_112;

/** The requests that readers are compared on: every odd spelling, then so many that are made up from a fixed seed. */
export function differentialRequests(madeUp: number): Buffer[] {
  const inputs = [...systematic()].map((text) => Buffer.from(text, 'latin1'));
  return [...inputs, ...madeUpInputs('request', madeUp, inputs)];
}

/** Streams of answers, made up from a fixed seed. */
export function differentialAnswers(madeUp: number): Buffer[] {
  return madeUpInputs('response', madeUp, []);
}

function madeUpInputs(kind: 'request' | 'response', count: number, others: readonly Buffer[]): Buffer[] {
  const random = new Random(SEED);
  return Array.from({ length: count }, (_, i) => {
    const made = generate(random, kind);
    return i % 2 === 0 ? made : mutate(random, made, others);
  });
}
