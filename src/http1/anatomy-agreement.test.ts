import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { within } from '../../test/support/until.ts';
import { readAll } from '../http/body.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Anatomy } from './anatomy.ts';
import { anatomyOfRequests } from './anatomy-request.ts';
import { anatomyOfResponses } from './anatomy-response.ts';

const LIMITS = { headerBytes: 300, headers: 6, uriBytes: 60, bodyBytes: 1000 };

const post = (...fields: string[]): string => head('POST /read HTTP/1.1', 'Host: a', ...fields);
const CHUNKED = post('Transfer-Encoding: chunked');

const VALID = [
  '\r\n',
  get('/'),
  get('/%7euser/../b?x=/..', 'X:', 'Y: \t z '),
  get('/', 'Connection: close'),
  head('GET / HTTP/1.0', 'Connection: keep-alive'),
  head('OPTIONS * HTTP/1.1', 'Host: a'),
  head('GET http://b.example/x HTTP/1.1', 'Host: a'),
  head('CONNECT a:443 HTTP/1.1', 'Host: a:443'),
  get('/', 'Upgrade: websocket', 'Connection: upgrade'),
  `${post('Content-Length: 5', 'Expect: 100-continue')}hello`,
  post('Content-Length: 0'),
  `${CHUNKED}${chunk('one')}${chunk('x'.repeat(20))}${chunk('')}`,
  `${CHUNKED}3 ; a="b\\"" ;c\r\none\r\n0\r\nA: b\r\nC:\r\n\r\n`,
];

/** Wrong by themselves, or wrong when something comes behind them. */
const WRONG = [
  post('Content-Length: 5', 'Transfer-Encoding: chunked'),
  post('Content-Length: 5', 'Content-Length: 6'),
  post('Content-Length: 1001'),
  post('Expect: wonders'),
  head('CONNECT a:443 HTTP/1.1', 'Host: a:443', 'Content-Length: 1'),
  head('GET / HTTP/1.1'),
  get('/../..'),
  get('/', 'Host: b'),
  get(`/${'x'.repeat(60)}`),
  get('/', `X: ${'x'.repeat(300)}`),
  get('/', 'A: b', 'A: b', 'A: b', 'A: b', 'A: b', 'A: b'),
  `${CHUNKED}fffffffffffffff\r\n`,
];

const pipelined = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...VALID) }, fc.constantFrom(...WRONG)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((messages) => messages.join(''));

/** Replaces, inserts and takes away at random places, with the bytes on which readers differ. */
const mutated = fc
  .tuple(
    pipelined,
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.constantFrom(0, 0, 1, 2, 40),
        insert: fc.constantFrom(
          '',
          '\r',
          '\n',
          '\0',
          ' ',
          '\t',
          ':',
          ';',
          '"',
          ',',
          '0',
          'f',
          '\xff',
          '\r\n',
          '\r\n\r\n',
        ),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, { at, remove, insert }) => {
      const place = at % (changed.length + 1);
      return changed.slice(0, place) + insert + changed.slice(place + remove);
    }, text),
  );

describe('the ranges of an anatomy', () => {
  const lieEndToEnd = ({ ranges }: Anatomy, length: number): void => {
    let offset = 0;
    for (const range of ranges) {
      assert.equal(range.offset, offset);
      assert.ok(range.length > 0);
      offset += range.length;
    }
    assert.equal(offset, length);
  };

  test('hold every byte of requests exactly once, whatever comes', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const bytes = Buffer.from(text, 'latin1');
        lieEndToEnd(anatomyOfRequests(bytes, LIMITS), bytes.length);
        assert.equal(bytes.toString('latin1'), text, 'the input stays as it is');
      }),
      { numRuns: 2000 },
    );
  });

  test('hold every byte of responses exactly once, whatever comes', () => {
    const method = fc.constantFrom('GET', 'HEAD', 'CONNECT');
    const status = fc.constantFrom('200 OK', '103 X', '204 ', '101 Y');
    fc.assert(
      fc.property(mutated, method, status, (text, answered, line) => {
        const bytes = Buffer.from(
          text.replaceAll(/^[A-Z]+ .* HTTP\/1\.[01]/gm, `HTTP/1.1 ${line}`),
          'latin1',
        );
        lieEndToEnd(anatomyOfResponses(bytes, answered), bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

/** What became of an input: of each request, and the bodies of those that a handler got whole. */
interface Outcome {
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly error: string | undefined;
    readonly at: number | undefined;
  }[];
  readonly bodies: readonly string[];
}

describe('what an anatomy says is what a server connection does', () => {
  let server: HandlerServer;
  let bodies: string[] = [];
  before(async () => {
    const handler = async ({ body }: Exchange): Promise<Response> => {
      const bytes = await readAll(body, 1 << 20);
      bodies.push(bytes.toString('latin1'));
      return new Response(200, HeaderList.of(), Buffer.from('ok'));
    };
    server = await HandlerServer.start(handler, { limits: LIMITS });
  });
  after(() => server[Symbol.asyncDispose]());

  async function done(bytes: Buffer): Promise<Outcome> {
    bodies = [];
    const logged = server.log.length;
    using client = await RawConnection.connect(server.port);
    await client.send(bytes).catch(() => {});
    client.halfClose();
    await within(10_000, 'the end', client.ended);
    await server.untilAlone();
    const requests = server.log.slice(logged).map(({ method, path, error, at }) => {
      // The handler does not take CONNECT, which is no fault of the request.
      return { method, path, at, error: error === 'request.method-not-allowed' ? undefined : error };
    });
    return { requests, bodies };
  }

  function said(bytes: Buffer): Outcome {
    const { messages, ranges } = anatomyOfRequests(bytes, LIMITS);
    const requests = messages.map(({ request, refusal, offset }) => ({
      method: request?.method ?? '',
      path: request?.rawTarget ?? '',
      at: refusal?.offset === undefined ? undefined : refusal.offset - offset,
      error: refusal?.code,
    }));
    const whole = messages.flatMap(({ request, outcome }, i) => {
      if (outcome !== 'accepted' || request?.method === 'CONNECT') return [];
      const data = ranges.filter(
        ({ message, name }) => message === i + 1 && /^(body|chunk data)$/.test(name),
      );
      return data.map(({ offset, length }) => bytes.toString('latin1', offset, offset + length)).join('');
    });
    return { requests, bodies: whole };
  }

  async function agree(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    const expected = said(bytes);
    const actual = await done(Buffer.from(bytes));
    // Of a head that is refused, a connection also tells what of its first line was understood.
    const requests = actual.requests.map((request, i) =>
      expected.requests[i]?.method === '' ? { ...request, method: '', path: '' } : request,
    );
    assert.deepEqual({ ...actual, requests }, expected, JSON.stringify(text));
  }

  for (const text of [...VALID, ...WRONG]) {
    test(JSON.stringify(text.slice(0, 90)), () => agree(text + get('/next')));
  }

  test('for whatever else comes', async () => {
    await fc.assert(fc.asyncProperty(mutated, agree), { numRuns: 500 });
  });
});
