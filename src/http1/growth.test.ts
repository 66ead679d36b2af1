/**
 * Work that grows faster than what is sent is how few bytes hold up a server. Every element of a message that can be
 * repeated is sent 10, 100 and 1000 times as often, in large reads and byte by byte, and the counted work (no clock, see
 * counted-work.ts) must not grow faster than that. Where a bound cuts an element off, it grows no more at all.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { CountingOwner } from '../../test/support/counting-owner.ts';
import { Growth, READS } from '../../test/support/growth.ts';
import { leniencyOf, STRICT, type Leniency } from './leniency.ts';

const growth = new Growth();
after(() => growth[Symbol.dispose]());

type Message = (count: number) => string;

const REPEATED: Readonly<Record<string, Message | { message: Message; lenient: Leniency }>> = {
  'field lines': (count) => head(['GET / HTTP/1.1', 'Host: a', ...repeat('X-Field: value', count)]),
  'field lines of a known name': (count) =>
    head(['GET / HTTP/1.1', 'Host: a', ...repeat('Cookie: a=b', count)]),
  'bytes of a field value': (count) => head(['GET / HTTP/1.1', 'Host: a', `X: ${'v'.repeat(8 * count)}`]),
  'blanks around a field value': (count) =>
    head(['GET / HTTP/1.1', 'Host: a', `X: ${' '.repeat(8 * count)}v`]),
  'bytes of a field name': (count) => head(['GET / HTTP/1.1', 'Host: a', `${'n'.repeat(8 * count)}: v`]),
  'folded lines': {
    message: (count) => head(['GET / HTTP/1.1', 'Host: a', 'X: a', ...repeat(' b', count)]),
    lenient: leniencyOf(['line-folding']),
  },
  'folds that hold nothing': {
    message: (count) => head(['GET / HTTP/1.1', 'Host: a', 'X:', ...repeat(' ', count), 'Y: b']),
    lenient: leniencyOf(['line-folding']),
  },
  'bytes of a path': (count) => head([`GET /${'p'.repeat(8 * count)} HTTP/1.1`, 'Host: a']),
  'bytes of a path to be decoded': (count) => head([`GET /${'%41%c3'.repeat(count)} HTTP/1.1`, 'Host: a']),
  'bytes of a path to be encoded': (count) =>
    head([`GET /${'[a]'.repeat(count)}?${'{b}'.repeat(count)} HTTP/1.1`, 'Host: a']),
  'dot segments': (count) => head([`GET ${'/a/..'.repeat(count)}/ HTTP/1.1`, 'Host: a']),
  'empty segments': (count) => head([`GET ${'//a'.repeat(count)} HTTP/1.1`, 'Host: a']),
  parameters: (count) => head([`GET /${';a=b'.repeat(count)} HTTP/1.1`, 'Host: a']),
  'bytes of a target that is refused at its end': (count) =>
    head([`GET /${'..;'.repeat(count)}%zz HTTP/1.1`, 'Host: a']),
  'bytes of an absolute target': (count) =>
    head([`GET http://${'a'.repeat(4 * count)}/${'?'.repeat(4 * count)} HTTP/1.1`, 'Host: a']),
  'bytes of a Host field': (count) => head(['GET / HTTP/1.1', `Host: ${'a.'.repeat(4 * count)}:`]),
  'Host fields': (count) => head(['GET / HTTP/1.1', ...repeat('Host: a', count)]),
  'connection options': (count) =>
    head(['GET / HTTP/1.1', 'Host: a', `Connection: ${'a, ,'.repeat(count)}b`]),
  'Connection fields': (count) => head(['GET / HTTP/1.1', 'Host: a', ...repeat('Connection: a', count)]),
  expectations: (count) => head(['GET / HTTP/1.1', 'Host: a', ...repeat('Expect: a', count)]),
  'lengths that are refused': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', `Content-Length: 0${',0'.repeat(count)}`]),
  'Content-Length fields that are refused': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', ...repeat('Content-Length: 0', count)]),
  'Content-Length fields of which the last is refused': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', ...repeat('Content-Length: 0', count), 'Content-Length: x']),
  'lengths that are equal': {
    message: (count) => head(['POST / HTTP/1.1', 'Host: a', ...repeat('Content-Length: 0, 0', count)]),
    lenient: leniencyOf(['equal-lengths']),
  },
  'transfer codings': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', `Transfer-Encoding: ${'x;y, '.repeat(count)}chunked`]),
  'Transfer-Encoding fields': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', ...repeat('Transfer-Encoding: chunked', count)]),
  'blanks before the parameters of a coding': (count) =>
    head(['POST / HTTP/1.1', 'Host: a', `Transfer-Encoding: x${' '.repeat(8 * count)}y, chunked`]),
  'empty lines before a request': (count) =>
    `${'\r\n'.repeat(4 * count)}${head(['GET / HTTP/1.1', 'Host: a'])}`,
  'bytes of a body': (count) =>
    `${head(['POST / HTTP/1.1', 'Host: a', `Content-Length: ${8 * count}`])}${'x'.repeat(8 * count)}`,
  chunks: (count) => `${CHUNKED}${`20\r\n${'x'.repeat(32)}\r\n`.repeat(count)}0\r\n\r\n`,
  'tiny chunks': (count) => `${CHUNKED}${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`,
  'bytes of a chunk extension': (count) => `${CHUNKED}1;${'x'.repeat(8 * count)}\r\nx\r\n0\r\n\r\n`,
  'chunk extensions': (count) => `${CHUNKED}1${';a="b"'.repeat(count)}\r\nx\r\n0\r\n\r\n`,
  'chunks with an extension': (count) => `${CHUNKED}${'1;a\r\nx\r\n'.repeat(count)}0\r\n\r\n`,
  'blanks behind a chunk size': {
    message: (count) => `${CHUNKED}1${' '.repeat(8 * count)}\r\nx\r\n0\r\n\r\n`,
    lenient: leniencyOf(['chunk-size-space']),
  },
  'trailer fields': (count) => `${CHUNKED}0\r\n${'X: y\r\n'.repeat(count)}\r\n`,
  'bytes of a trailer field': (count) => `${CHUNKED}0\r\nX: ${'y'.repeat(8 * count)}\r\n\r\n`,
  'pipelined requests': (count) => head(['GET / HTTP/1.1', 'Host: a']).repeat(count),
  'pipelined requests of many kinds': (count) =>
    `${head(['GET /%41/../b HTTP/1.1', 'Host: a'])}${CHUNKED}1\r\nx\r\n0\r\nX: y\r\n\r\n`.repeat(count),
};

const CHUNKED = head(['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked']);

function head(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function repeat(line: string, count: number): string[] {
  return Array.from({ length: count }, () => line);
}

for (const reads of READS) {
  describe(`what a client repeats, in ${reads.how}`, () => {
    for (const [name, element] of Object.entries(REPEATED)) {
      const { message, lenient } =
        typeof element === 'function' ? { message: element, lenient: STRICT } : element;
      it(`${name} cost in proportion`, () => {
        growth.assertLinear(reads.base, (count) => {
          const pieces = reads.of(message(count));
          return () => {
            const owner = new CountingOwner(lenient);
            for (const piece of pieces) owner.transport.receive(piece);
            assert.ok(owner.answered + owner.refusals > 0, 'there is an answer');
            owner.transport.destroy();
          };
        });
      });
    }
  });
}
