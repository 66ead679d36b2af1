/** A client sends FIN while its answer is made: it may have gone, or only have said all that it will say (ADR 0009). */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { get, head } from '../../test/support/message.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { Tap } from '../../test/support/tap.ts';
import { within } from '../../test/support/until.ts';
import { DreamError } from '../core/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { PendingResponse } from '../pipeline/pending-response.ts';

interface Waiting {
  readonly exchange: Exchange;
  readonly answer: PendingResponse;
  readonly aborted: Promise<void>;
}

let server: HandlerServer;
let waiting: Waiting[];
let arrived: () => void;

/** `/quick` is answered at once, everything else when the test says so. */
function handler(exchange: Exchange): Response | PendingResponse {
  if (exchange.request.path === '/quick') return new Response(200, undefined, Buffer.from('quick'));
  const answer = new PendingResponse();
  const { promise, resolve } = Promise.withResolvers<void>();
  exchange.onAbort(resolve);
  waiting.push({ exchange, answer, aborted: promise });
  arrived();
  return answer;
}

before(async () => {
  server = await HandlerServer.start(handler);
});
after(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  waiting = [];
  server.log.length = 0;
});

async function ask(client: RawConnection, request: string): Promise<Waiting> {
  const { promise, resolve } = Promise.withResolvers<void>();
  arrived = resolve;
  await client.send(request);
  await within(10_000, 'the request', promise);
  return waiting.at(-1) as Waiting;
}

const hello = (): Response => new Response(200, undefined, Buffer.from('hello'));
const gone = (each: Waiting): Promise<void> => within(30_000, 'the exchange is aborted', each.aborted);

describe('a client that has closed its connection', () => {
  for (const version of ['1.1', '1.0'] as const) {
    it(`is found to be gone while its answer is made, in HTTP/${version}`, async () => {
      const client = await RawConnection.connect(server.port);
      const each = await ask(client, head(`GET /poll HTTP/${version}`, 'Host: a'));
      client.close();
      await gone(each);
      const [{ status, error, bytes }] = await server.untilLogged(1);
      assert.deepEqual({ status, error, bytes }, { status: 499, error: 'client.gone', bytes: 0 });
    });
  }

  it('is found to be gone while a chunked answer has nothing to say', async () => {
    const client = await RawConnection.connect(server.port);
    const each = await ask(client, get('/events'));
    const body = new Tap();
    each.answer.settle(new Response(200, undefined, body));
    body.sink?.data(Buffer.from('first'));
    await client.untilText('first');
    client.close();
    await gone(each);
    await within(10_000, 'the body is cancelled', body.cancelled);
    const [{ status, error, bytes }] = await server.untilLogged(1);
    assert.deepEqual({ status, error, bytes }, { status: 200, error: 'client.gone', bytes: 5 });
  });

  it('is not served what it has pipelined behind', async () => {
    const client = await RawConnection.connect(server.port);
    const each = await ask(client, get('/poll') + get('/poll'));
    client.close();
    await gone(each);
    await server.untilAlone();
    assert.equal(waiting.length, 1);
  });
});

describe('a client that has closed its half of the connection', () => {
  /** Sends a request and FIN, and waits until a part of the answer that is not there has gone ahead. */
  async function askAndEnd(client: RawConnection, request: string, bytes: number): Promise<Waiting> {
    const each = await ask(client, request);
    client.halfClose();
    await client.untilUnread(bytes);
    return each;
  }

  it('gets its answer whole, of which a part has gone ahead', async () => {
    for (const bytes of [1, 2, 4]) {
      using client = await RawConnection.connect(server.port);
      const { answer } = await askAndEnd(client, get('/poll'), bytes);
      assert.ok('HTTP/1.1 '.startsWith(client.unread.toString()));
      answer.settle(hello());
      const response = await client.response();
      assert.deepEqual([response.status, response.body.toString()], [200, 'hello']);
      assert.equal(await client.end(), 'end');
    }
  });

  it('gets an answer of some size, interim answers, and what it has pipelined', async () => {
    using client = await RawConnection.connect(server.port);
    const { exchange, answer } = await askAndEnd(client, get('/poll') + get('/quick'), 2);
    exchange.inform(new Response(103, new HeaderList().append('Link', '</a>')));
    answer.settle(new Response(200, undefined, Buffer.alloc(100_000, 'x')));
    assert.match(await client.untilText('\r\n\r\n'), /^HTTP\/1\.1 103 Early Hints\r\n/);
    assert.equal((await client.response()).body.length, 100_000);
    assert.equal((await client.response()).body.toString(), 'quick');
    assert.equal(await client.end(), 'end');
  });

  it('gets another answer where the first breaks off before anything but that part has left', async () => {
    using client = await RawConnection.connect(server.port);
    const { answer } = await askAndEnd(client, get('/poll'), 1);
    const body = new Tap(5);
    body.flow = (sink) => sink.fail(new DreamError('upstream.body-incomplete'));
    answer.settle(new Response(200, undefined, body));
    assert.equal((await client.response()).status, 502);
    assert.equal(await client.end(), 'end');
  });

  it('gets a chunked answer whole, with zeros before sizes', async () => {
    using client = await RawConnection.connect(server.port);
    const { answer } = await ask(client, get('/events'));
    const body = new Tap();
    answer.settle(new Response(200, undefined, body));
    client.halfClose();
    await client.untilText('\r\n\r\n0');
    body.sink?.data(Buffer.from('first'));
    await client.untilText('05\r\nfirst\r\n0');
    body.sink?.end();
    assert.equal((await client.response()).body.toString(), 'first');
    assert.equal(await client.end(), 'end');
  });

  it('is sent nothing ahead of an answer that is there at once', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/quick'));
    client.halfClose();
    assert.equal((await client.response()).body.toString(), 'quick');
    assert.equal(await client.end(), 'end');
  });
});
