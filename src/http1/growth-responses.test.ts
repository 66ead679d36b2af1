/** As growth.test.ts, for what a server behind us repeats, and for what we write: that is bounded, too, by what is read. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Growth, READS } from '../../test/support/growth.ts';
import { LendingTransport } from '../../test/support/lending-transport.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import type { BodySource } from '../http/body.ts';
import { HeaderList } from '../http/header-list.ts';
import { hopByHopAnd, nominatedFields } from '../http/hop-by-hop.ts';
import { trailerLines } from '../http/trailers.ts';
import { ClientConnection } from './client-connection.ts';
import { encodeFields } from './encode-fields.ts';
import { leniencyOf, RESPONSE_LENIENCIES } from './leniency.ts';

const growth = new Growth();
after(() => growth[Symbol.dispose]());

/** Takes one answer; whether it came, or the exchange failed, has to be certain at the end. */
class Asker {
  readonly transport: LendingTransport;
  over = false;

  constructor() {
    const owner = { released: () => {}, detached: () => {}, closed: () => {} };
    const timeouts = { firstByte: 0, idle: 0 };
    const connection = new ClientConnection(owner, { timeouts, lenient: leniencyOf(RESPONSE_LENIENCIES) });
    this.transport = new LendingTransport(connection, true);
    connection.attach(this.transport);
    const head = {
      method: 'GET',
      target: '/',
      host: 'a',
      headers: new HeaderList(),
      omit: hopByHopAnd(),
      nominated: undefined,
      added: [],
      upgrade: undefined,
      trailers: true,
      expectContinue: false,
      identified: false,
      reusable: false,
    };
    connection.send(head, null, {
      responded: (_, body) => this.#read(body),
      informed: () => {},
      switched: () => {},
      failed: this.#end,
    });
  }

  #read(body: BodySource): void {
    body.flow({ data: () => true, end: this.#end, fail: this.#end });
  }

  readonly #end = (): void => {
    this.over = true;
  };
}

const REPEATED: Readonly<Record<string, (count: number) => string>> = {
  'interim answers': (count) =>
    `${head('HTTP/1.1 103 Early Hints', 'Link: <a>').repeat(count)}${head('HTTP/1.1 204 No Content')}`,
  'bytes of a reason': (count) => head(`HTTP/1.1 204 ${'x'.repeat(8 * count)}`),
  'field lines': (count) => head('HTTP/1.1 204 No Content', ...repeat('Set-Cookie: a=b', count)),
  'bytes of a field value': (count) => head('HTTP/1.1 204 No Content', `X: ${'v'.repeat(8 * count)}`),
  'folded lines': (count) => head('HTTP/1.1 204 No Content', 'X: a', ...repeat(' b', count)),
  'lengths that are equal': (count) => head('HTTP/1.1 200 OK', `Content-Length: 0${', 0'.repeat(count)}`),
  chunks: (count) => `${CHUNKED}${`20\r\n${'x'.repeat(32)}\r\n`.repeat(count)}0\r\n\r\n`,
  'tiny chunks': (count) => `${CHUNKED}${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`,
  'chunk extensions': (count) => `${CHUNKED}${'1;a\r\nx\r\n'.repeat(count)}0\r\n\r\n`,
  'trailer fields': (count) => `${CHUNKED}0\r\n${'X: y\r\n'.repeat(count)}\r\n`,
  'bytes of a body': (count) =>
    `${head('HTTP/1.1 200 OK', `Content-Length: ${8 * count}`)}${'x'.repeat(8 * count)}`,
};

const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');

function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function repeat(line: string, count: number): string[] {
  return Array.from({ length: count }, () => line);
}

for (const reads of READS) {
  describe(`what a server repeats, in ${reads.how}`, () => {
    for (const [name, message] of Object.entries(REPEATED)) {
      it(`${name} cost in proportion`, () => {
        growth.assertLinear(reads.base, (count) => {
          const pieces = reads.of(message(count));
          return () => {
            const asker = new Asker();
            for (const piece of pieces) asker.transport.receive(piece);
            assert.ok(asker.over, 'the exchange is over');
            asker.transport.destroy();
          };
        });
      });
    }
  });
}

describe('what is passed on', () => {
  it('fields of which Connection nominates others cost in proportion', () => {
    growth.assertLinear(64, (count) => {
      const fields = nominating(count);
      return () => {
        const text = encodeFields(fields, hopByHopAnd(), nominatedFields(fields));
        assert.ok(text.length > 5 * count);
      };
    });
  });

  it('fields of an answer of which Connection nominates others cost in proportion', () => {
    growth.assertLinear(64, (count) => {
      const fields = nominating(count);
      return () => {
        const names = nominatedFields(fields);
        assert.ok(names);
        assert.equal([...HeaderList.over(fields).deleteAll(names)].length, count + 1);
      };
    });
  });

  it('trailer fields cost in proportion', () => {
    growth.assertLinear(64, (count) => {
      const trailers = parseFields(...numbered('b', count, ': c'));
      return () => assert.ok(trailerLines(trailers).length > 5 * count);
    });
  });
});

/** So many fields, and a Connection field with as many names of others. */
function nominating(count: number): HeaderList {
  return parseFields(`Connection: ${numbered('a', count).join(',')}`, ...numbered('b', count, ': c'));
}

function numbered(name: string, count: number, rest = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}${rest}`);
}
