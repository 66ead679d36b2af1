/**
 * Where one read ends and the next begins means nothing. Whatever a client sends, requests and nonsense, in whatever
 * pieces: it gets the same answers, and they are as many as there were requests.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { parseResponse } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { within } from '../../test/support/until.ts';
import { readAll } from '../http/body.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';

/** Answers with what was asked for and the body, if that is read: at once, or later, by path. */
function handler({ request, body }: Exchange): Response | Promise<Response> {
  const answer = (text: string): Response =>
    new Response(
      200,
      HeaderList.of('Asked-By', request.method),
      Buffer.from(`${request.method} ${request.path} ${text}`),
    );
  if (request.path.startsWith('/read'))
    return readAll(body, 1 << 20).then((bytes) => answer(bytes.toString('latin1')));
  if (request.path.startsWith('/later')) return Promise.resolve(answer('later'));
  return answer('at once');
}

let server: HandlerServer;
before(async () => {
  server = await HandlerServer.start(handler, { limits: { bodyBytes: 200, headerBytes: 300 } });
});
after(() => server[Symbol.asyncDispose]());

const post = (path: string, ...fields: string[]): string =>
  head(`POST ${path} HTTP/1.1`, 'Host: a', ...fields);
const CHUNKED = 'Transfer-Encoding: chunked';

const message = fc.constantFrom(
  get('/'),
  get('/later'),
  get('/read'),
  head('HEAD /later HTTP/1.1', 'Host: a'),
  head('GET / HTTP/1.0', 'Connection: keep-alive'),
  '\r\n',
  `${post('/read', 'Content-Length: 5')}hello`,
  `${post('/unread', 'Content-Length: 5')}hello`,
  `${post('/later', 'Content-Length: 26')}${get('/x').slice(0, 26)}`,
  `${post('/read', CHUNKED)}${chunk('one')}${chunk('two')}${chunk('')}`,
  `${post('/read', CHUNKED)}3;a="b"\r\none\r\n0\r\nA: b\r\n\r\n`,
  get('/', 'Connection: close'),
  // What ends the connection
  `${post('/later', CHUNKED)}${chunk('one')}${chunk('')}`,
  `${post('/read', 'Content-Length: 300')}${'x'.repeat(300)}`,
  `${post('/read', CHUNKED)}${chunk('x'.repeat(300))}${chunk('')}`,
  `${post('/read', CHUNKED)}x\r\n`,
  post('/read', 'Content-Length: 5', CHUNKED),
  head('GET / HTTP/1.1'),
  get('/', `X: ${'x'.repeat(300)}`),
  get('/').slice(0, -2),
  'nonsense',
);

/** The answers on a connection, without what differs each time. */
async function answers(pieces: readonly string[]): Promise<string[]> {
  using client = await RawConnection.connect(server.port);
  for (const piece of pieces) {
    await client.send(piece).catch(() => {});
    await new Promise(setImmediate);
  }
  client.halfClose();
  assert.equal(await within(10_000, 'the end', client.ended), 'end');
  const found: string[] = [];
  for (let rest = client.unread; rest.length > 0;) {
    const headText = rest.toString('latin1', 0, rest.indexOf('\r\n\r\n'));
    const method = /^Asked-By: (.*)$/m.exec(headText)?.[1] ?? 'GET';
    const parsed = parseResponse(rest, method, true);
    assert.ok('response' in parsed, 'a whole answer');
    const { status, body, fields, interim } = parsed.response;
    assert.equal(interim.length, 0);
    const said = fields.find(([name]) => name === 'Connection')?.[1] ?? '';
    found.push(`${status} ${said} ${status === 200 ? body.toString() : ''}`);
    rest = rest.subarray(parsed.consumed);
  }
  return found;
}

describe('requests that come in pieces', () => {
  it('get the answers that they get in one piece', async () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 6 }), cuts, async (messages, places) => {
        const text = messages.join('');
        const ends = places.map((place) => Math.floor(place * text.length)).toSorted((a, b) => a - b);
        const pieces = [...ends, text.length]
          .map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end))
          .filter(Boolean);
        assert.deepEqual(await answers(pieces), await answers([text]));
      }),
      { numRuns: 200 },
    );
  });
});
