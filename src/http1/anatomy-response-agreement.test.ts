import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { chunk, head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { exchangeOver, Taker } from '../../test/support/upstream-exchange.ts';
import { ServerPool } from '../upstream/pool.ts';
import { anatomyOfResponses } from './anatomy-response.ts';

const CHUNKED = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');

/** Interim answers, then a final one, then perhaps what nobody has asked for. */
const ANSWERS = [
  head('HTTP/1.1 100 Continue'),
  head('HTTP/1.1 103 Early Hints', 'Link: x'),
  head('HTTP/1.1 103 Early Hints', 'Content-Length: 0'),
  `${head('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`,
  `${head('HTTP/1.0 200 OK', 'Server:  \t x ')}until the end`,
  `${CHUNKED}${chunk('one')}${chunk('x'.repeat(20))}${chunk('')}`,
  `${CHUNKED}3;a="b"\r\none\r\n0\r\nA: b\r\n\r\n`,
  head('HTTP/1.1 204 No Content'),
  head('HTTP/1.1 304 ', 'Content-Length: 5'),
  head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6'),
  head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip'),
  head('HTTP/1.1 200'),
];

const mutated = fc
  .tuple(
    fc.array(fc.constantFrom(...ANSWERS), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.constantFrom(0, 0, 1, 2, 40),
        insert: fc.constantFrom('', '\r', '\n', '\0', ' ', ':', ';', '0', 'f', '\xff', '\r\n'),
      }),
      { maxLength: 2 },
    ),
  )
  .map(([answers, changes]) =>
    changes.reduce((changed, { at, remove, insert }) => {
      const place = at % (changed.length + 1);
      return changed.slice(0, place) + insert + changed.slice(place + remove);
    }, answers.join('')),
  );

/** What comes of an answer: its status and body, or the code of what is wrong with it. */
interface Outcome {
  readonly status: number | undefined;
  readonly body: string | undefined;
  readonly failed: string | undefined;
  /** The rule that the server broke, where the head broke one. */
  readonly detail: string | undefined;
}

describe('what an anatomy says of an answer is what a client connection does', () => {
  let backend: RawBackend;
  let pool: ServerPool;
  before(async () => {
    backend = await RawBackend.start();
    const timeouts = { connect: 10_000, firstByte: 10_000, idle: 10_000 };
    pool = new ServerPool(
      upstreamServer(backend.url),
      upstreamOptions([backend.url], { timeouts }),
      () => {},
    );
  });
  after(() => {
    backend[Symbol.dispose]();
    pool.close();
  });

  async function done(bytes: Buffer, method: string): Promise<Outcome> {
    const connection = await new Taker(pool).connection;
    const peer = await backend.accept();
    const outcome = exchangeOver(connection, method);
    await peer.untilText('\r\n\r\n');
    await peer.send(bytes);
    peer.halfClose();
    const { head: answer, body, failed, detail } = await outcome;
    connection.destroy();
    // A body that failed is told as its code.
    const broke = body?.startsWith('upstream.') ? body : undefined;
    return { status: answer?.status, body: broke ? undefined : body, failed: failed ?? broke, detail };
  }

  function said(bytes: Buffer, method: string): Outcome {
    const { messages, ranges } = anatomyOfResponses(bytes, method);
    const place = messages.findIndex(
      ({ outcome, response }) => outcome !== 'accepted' || (response?.status ?? 0) >= 200,
    );
    if (place === -1) {
      const failed = bytes.length === 0 ? 'upstream.closed-early' : 'upstream.body-incomplete';
      return { status: undefined, body: undefined, failed, detail: undefined };
    }
    const { response, framing, body, refusal } = messages[place];
    const begun = framing !== undefined;
    const data = ranges.filter(
      ({ message, name }) => message === place + 1 && /^(body|chunk data)$/.test(name),
    );
    return {
      status: begun ? response?.status : undefined,
      body:
        refusal === undefined
          ? data.map(({ offset, length }) => bytes.toString('utf8', offset, offset + length)).join('')
          : undefined,
      failed: refusal?.code,
      detail: body === undefined ? refusal?.detail : undefined,
    };
  }

  async function agree(text: string, method: string): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    const expected = said(bytes, method);
    assert.deepEqual(await done(Buffer.from(bytes), method), expected, JSON.stringify([method, text]));
  }

  for (const text of ANSWERS) {
    test(JSON.stringify(text), async () => {
      await agree(text, 'GET');
      await agree(text, 'HEAD');
    });
  }

  test('for whatever else comes', async () => {
    await fc.assert(fc.asyncProperty(mutated, fc.constantFrom('GET', 'HEAD'), agree), { numRuns: 400 });
  });
});
