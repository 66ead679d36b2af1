import { chunk, get, head } from './message.ts';

/** The head of an answer of two bytes. */
export const OK = head('HTTP/1.1 200 OK', 'Content-Length: 2');
/** The head of an answer in chunks. */
export const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
const length = (value: string): string => head('HTTP/1.1 200 OK', value);

/** One way to misbehave, and what must come of it. */
export interface Way {
  readonly name: string;
  /** What the backend sends. */
  readonly sends: string;
  /** How it leaves then. Default: it does not, it waits. */
  readonly leaves?: 'end' | 'reset';
  readonly request?: string;
  /** What the client gets: a status, and the body where that is whole; or that the answer breaks off. */
  readonly client: readonly [status: number, body?: string] | 'broken off';
  /** `error=` of the log, and `cause=`. */
  readonly error?: string;
  readonly cause?: string;
  /** Whether the connection serves the next request. Default: no. */
  readonly kept?: true;
}

const malformed = 'upstream.malformed-response';
const ambiguous = 'upstream.ambiguous-framing';

/** The ways, by their names: a sentence that begins with `a backend that`. */
export const WAYS: readonly Way[] = [
  // Nothing, or not all
  { name: 'closes at once', sends: '', leaves: 'end', client: [502], error: 'upstream.closed-early' },
  {
    name: 'resets at once',
    sends: '',
    leaves: 'reset',
    client: [502],
    error: 'upstream.reset',
    cause: 'ECONNRESET',
  },
  { name: 'never answers', sends: '', client: [504], error: 'upstream.first-byte-timeout' },
  {
    name: 'sends half a status line and closes',
    sends: 'HTTP/1.1 20',
    leaves: 'end',
    client: [502],
    error: 'upstream.body-incomplete',
  },
  {
    name: 'sends half a head and closes',
    sends: 'HTTP/1.1 200 OK\r\nX: ',
    leaves: 'end',
    client: [502],
    error: 'upstream.body-incomplete',
  },
  {
    name: 'sends half a head and stops',
    sends: 'HTTP/1.1 200 OK\r\nX: ',
    client: [504],
    error: 'upstream.idle-timeout',
  },
  // Not HTTP
  {
    name: 'speaks SSH',
    sends: 'SSH-2.0-OpenSSH_9.2\r\n',
    client: [502],
    error: malformed,
    cause: 'http1.status-line.malformed',
  },
  {
    name: 'speaks HTTP/0.9',
    sends: '<html>hello</html>',
    leaves: 'end',
    client: [502],
    error: malformed,
    cause: 'http1.status-line.malformed',
  },
  {
    name: 'speaks HTTP/2',
    sends: '\0\0\0\x04\0\0\0\0\0',
    client: [502],
    error: malformed,
    cause: 'http1.status-line.malformed',
  },
  {
    name: 'answers with status 600',
    sends: head('HTTP/1.1 600 Odd', 'Content-Length: 0'),
    client: [502],
    error: malformed,
    cause: 'http1.status-line.malformed',
  },
  {
    name: 'answers with two digits of status',
    sends: head('HTTP/1.1 20 OK', 'Content-Length: 0'),
    client: [502],
    error: malformed,
    cause: 'http1.status-line.malformed',
  },
  // Field lines that others read otherwise
  {
    name: 'ends lines with LF alone',
    sends: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
    client: [502],
    error: malformed,
    cause: 'http1.line.bare-lf',
  },
  {
    name: 'folds a field',
    sends: head('HTTP/1.1 200 OK', 'X: a', ' b'),
    client: [502],
    error: malformed,
    cause: 'http1.field.line-folding',
  },
  {
    name: 'puts a space before a colon',
    sends: head('HTTP/1.1 200 OK', 'Content-Length : 0'),
    client: [502],
    error: malformed,
    cause: 'http1.field.space-before-colon',
  },
  {
    name: 'puts a NUL into a value',
    sends: head('HTTP/1.1 200 OK', 'X: a\0b'),
    client: [502],
    error: malformed,
    cause: 'http1.field.malformed-value',
  },
  {
    name: 'puts a bare CR into a value',
    sends: head('HTTP/1.1 200 OK', 'X: a\rb'),
    client: [502],
    error: malformed,
    cause: 'http1.line.bare-cr',
  },
  {
    name: 'sends a giant head',
    sends: head('HTTP/1.1 200 OK', `X: ${'a'.repeat(100_000)}`),
    client: [502],
    error: 'upstream.response-too-large',
    cause: 'http1.head.too-large',
  },
  {
    name: 'sends 300 fields',
    sends: head('HTTP/1.1 200 OK', ...Array.from({ length: 300 }, (_, i) => `X-${i}: a`)),
    client: [502],
    error: malformed,
    cause: 'http1.head.too-many-fields',
  },
  // An end that could be two
  {
    name: 'sends a length and a coding',
    sends: head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked') + chunk(''),
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.length-and-coding',
  },
  {
    name: 'sends two lengths',
    sends: `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3')}abc`,
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.differing-lengths',
  },
  {
    name: 'sends the same length twice',
    sends: `${length('Content-Length: 2, 2')}ok`,
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.repeated-length',
  },
  {
    name: 'sends a negative length',
    sends: length('Content-Length: -2'),
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.malformed-length',
  },
  {
    name: 'sends a coding that nobody speaks',
    sends: length('Transfer-Encoding: gzip, chunked'),
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.unknown-coding',
  },
  {
    name: 'sends chunks in HTTP/1.0',
    sends: head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked') + chunk(''),
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.coding-in-1.0',
  },
  // Bodies
  {
    name: 'closes before the end of its length',
    sends: `${length('Content-Length: 10')}hello`,
    leaves: 'end',
    client: 'broken off',
    error: 'upstream.body-incomplete',
  },
  {
    name: 'resets in the middle of a body',
    sends: `${length('Content-Length: 10')}hello`,
    leaves: 'reset',
    client: 'broken off',
    error: 'upstream.reset',
  },
  {
    name: 'stops in the middle of a body',
    sends: `${length('Content-Length: 10')}hello`,
    client: 'broken off',
    error: 'upstream.idle-timeout',
  },
  {
    name: 'ends chunks without the last one',
    sends: CHUNKED + chunk('hello'),
    leaves: 'end',
    client: 'broken off',
    error: 'upstream.body-incomplete',
  },
  {
    name: 'sends a chunk size that is none',
    sends: `${CHUNKED}${chunk('hello')}xyz\r\n`,
    client: [502],
    error: malformed,
    cause: 'http1.chunk.malformed-size',
  },
  {
    name: 'sends a chunk longer than its size',
    sends: `${CHUNKED}2\r\nhello\r\n`,
    client: [502],
    error: malformed,
  },
  { name: 'sends more than its length', sends: `${OK}okHTTP/1.1 200 OK\r\n`, client: [200, 'ok'] },
  { name: 'sends two answers', sends: `${OK}ok${OK}no`, client: [200, 'ok'] },
  {
    name: 'sends a body with 304',
    sends: `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 2')}ok`,
    client: [304, ''],
  },
  {
    name: 'sends a body with 204',
    sends: `${head('HTTP/1.1 204 No Content', 'Content-Length: 2')}ok`,
    client: [204, ''],
  },
  {
    name: 'sends a body with the answer to HEAD',
    request: head('HEAD / HTTP/1.1', 'Host: a'),
    sends: `${OK}ok`,
    client: [200, ''],
  },
  {
    name: 'sends a length that 204 must not have',
    sends: head('HTTP/1.1 204 No Content', 'Content-Length: 2'),
    client: [204, ''],
  },
  // Answers before the answer
  {
    name: 'floods with interim answers',
    sends: head('HTTP/1.1 102 Processing').repeat(1000),
    client: [502],
    error: 'upstream.too-many-interim',
  },
  {
    name: 'switches to a protocol unasked',
    sends: head('HTTP/1.1 101 Switching', 'Upgrade: foo', 'Connection: upgrade'),
    client: [502],
    error: 'upstream.unexpected-upgrade',
  },
  {
    name: 'switches to a protocol with a length',
    request: get('/', 'Connection: upgrade', 'Upgrade: foo'),
    sends: head('HTTP/1.1 101 Switching', 'Upgrade: foo', 'Connection: upgrade', 'Content-Length: 2'),
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.content-in-interim',
  },
  {
    name: 'puts a body behind an interim answer',
    sends: `${head('HTTP/1.1 103 Hints', 'Content-Length: 2')}ok`,
    client: [502],
    error: ambiguous,
    cause: 'http1.framing.content-in-interim',
  },
  {
    name: 'answers an upload and does not read it',
    request: `${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9000000')}x`,
    sends: `${OK}no`,
    client: [200, 'no'],
  },
  // What is odd and right
  {
    name: 'closes to end its body',
    sends: `${head('HTTP/1.1 200 OK')}until the end`,
    leaves: 'end',
    client: [200, 'until the end'],
  },
  {
    name: 'says that it closes',
    sends: `${head('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: close')}ok`,
    client: [200, 'ok'],
  },
  { name: 'behaves', sends: `${OK}ok`, client: [200, 'ok'], kept: true },
];
