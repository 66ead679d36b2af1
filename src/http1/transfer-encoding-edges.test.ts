/** Smuggling tools try every byte around the name and the value of Transfer-Encoding: none but white space may stand there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serveCase } from '../../test/support/request-case.ts';
import { STRICT } from './leniency.ts';

const EDGES: Readonly<Record<string, (byte: string) => string>> = {
  'before the name': (byte) => `${byte}Transfer-Encoding: chunked`,
  'inside of the name': (byte) => `Transfer${byte}Encoding: chunked`,
  'behind the name': (byte) => `Transfer-Encoding${byte}: chunked`,
  'before the value': (byte) => `Transfer-Encoding:${byte}chunked`,
  'inside of the value': (byte) => `Transfer-Encoding: chun${byte}ked`,
  'behind the value': (byte) => `Transfer-Encoding: chunked${byte}`,
};

/** Every byte that is no token character, and so cannot make another name of it. */
const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter(
  (byte) => !/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(byte),
);

describe('a byte', () => {
  for (const [where, line] of Object.entries(EDGES)) {
    it(`${where} of Transfer-Encoding is refused`, () => {
      for (const byte of bytes) {
        if (isAllowed(where, byte)) continue;
        const message = `POST / HTTP/1.1\r\nHost: a\r\n${line(byte)}\r\n\r\n0\r\n\r\n`;
        const events = serve(message);
        const told = `${JSON.stringify(byte)}: ${events.join(' | ')}`;
        assert.match(events[0], /^refused /, told);
        assert.match(events[1], /^answer +(?:400|501)$/, told);
        assert.deepEqual(events.slice(2), ['then      closed'], told);
      }
    });
  }

  it('of white space around the value is none of it', () => {
    // A tab behind it is refused: see the cases.
    for (const byte of ' \t') {
      const message = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:${byte}chunked \r\n\r\n0\r\n\r\n`;
      assert.ok(serve(message).includes('framing   chunked'));
    }
  });
});

function serve(message: string): string[] {
  const pieces = [Buffer.from(message, 'latin1')];
  return serveCase({ pieces, ends: false, reader: 'ready' }, STRICT, false);
}

/** White space around the value is none of it, and a colon inside of the name ends another one. */
function isAllowed(where: string, byte: string): boolean {
  if (where === 'inside of the name') return byte === ':';
  return /^(?:before|behind) the value$/.test(where) && (byte === ' ' || byte === '\t');
}
