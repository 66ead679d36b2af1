/** How a connection ends: when the client has said all, when it goes, when we have said our last word. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { HandlerServer, type Logged } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { field } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { Tap } from '../../test/support/tap.ts';
import { within } from '../../test/support/until.ts';
import { DreamError } from '../core/errors.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { PendingResponse } from '../pipeline/pending-response.ts';

interface Waiting {
  readonly exchange: Exchange;
  readonly answer: PendingResponse;
}

let server: HandlerServer;
let waiting: Waiting[];
/** Called when a request waits. */
let arrived: () => void;

/** `/later` waits for the test, every other path is answered with itself. */
function handler(exchange: Exchange): Response | PendingResponse {
  const { path } = exchange.request;
  if (path !== '/later') return new Response(200, undefined, Buffer.from(path));
  const answer = new PendingResponse();
  waiting.push({ exchange, answer });
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

/** Sends a request that waits for its answer. */
async function later(client: RawConnection, request = get('/later')): Promise<Waiting> {
  const { promise, resolve } = Promise.withResolvers<void>();
  arrived = resolve;
  await client.send(request);
  await within(10_000, 'the request', promise);
  return waiting.at(-1) as Waiting;
}

const hello = (): Response => new Response(200, undefined, Buffer.from('hello'));

describe('a client that has said all it will say', () => {
  it('gets the answers to what it has asked, then the end', async () => {
    using client = await RawConnection.connect(server.port);
    const { answer } = await later(client);
    await client.send(get('/1') + get('/2'));
    client.halfClose();
    answer.settle(hello());
    for (const body of ['hello', '/1', '/2']) assert.equal((await client.response()).body.toString(), body);
    assert.equal(await client.end(), 'end');
  });

  it('is told at once that half a request is none, also behind one that takes longer', async () => {
    for (const half of ['GET / HT', head('GET / HTTP/1.1', 'Host: a').slice(0, -1)]) {
      using client = await RawConnection.connect(server.port);
      const { answer } = await later(client);
      await client.send(half);
      client.halfClose();
      answer.settle(hello());
      await client.response();
      assert.equal((await client.response()).status, 400);
      assert.equal(await client.end(), 'end');
      assert.equal(server.log.at(-1)?.error, 'http1.head.incomplete');
    }
  });

  it('gets nothing when it has said nothing', async () => {
    for (const nothing of ['', '\r\n', '\r']) {
      using client = await RawConnection.connect(server.port);
      if (nothing !== '') await client.send(nothing);
      client.halfClose();
      assert.equal(await client.end(), 'end');
    }
    assert.deepEqual(server.log, []);
  });
});

describe('a client that goes while its answer is made', () => {
  it('aborts the exchange, which is logged; the answer comes to nothing', async () => {
    const client = await RawConnection.connect(server.port);
    const { exchange, answer } = await later(client);
    const { signal } = exchange;
    const aborted = once(signal, 'abort');
    let told = false;
    exchange.onAbort(() => {
      told = true;
    });
    client.reset();
    await within(10_000, 'abort', aborted);
    assert.deepEqual([exchange.aborted, told], [true, true]);
    await server.untilAlone();
    const [{ status, error, bytes }] = server.log;
    assert.deepEqual({ status, error, bytes }, { status: 499, error: 'client.gone', bytes: 0 });
    const body = new Tap();
    answer.settle(new Response(200, undefined, body));
    await within(10_000, 'the body is cancelled', body.cancelled);
    assert.equal(server.log.length, 1);
  });

  it('fails the body that it was sending', async () => {
    const client = await RawConnection.connect(server.port);
    const { exchange } = await later(client, head('POST /later HTTP/1.1', 'Host: a', 'Content-Length: 10'));
    const failed = new Promise<DreamError>((fail) => {
      exchange.body.flow({ data: () => true, end: () => {}, fail });
    });
    client.reset();
    assert.equal((await within(10_000, 'failure', failed)).code, 'client.gone');
    await server.untilAlone();
  });
});

describe('a client that goes in the middle of its answer', () => {
  it('cancels the body and aborts the exchange; the log tells how much was sent', async () => {
    const client = await RawConnection.connect(server.port);
    const { exchange, answer } = await later(client);
    const body = new Tap(1000);
    answer.settle(new Response(200, undefined, body));
    body.sink?.data(Buffer.alloc(400));
    await client.untilUnread(500);
    client.reset();
    await within(10_000, 'the body is cancelled', body.cancelled);
    await server.untilAlone();
    assert.equal(exchange.aborted, true);
    const [{ status, error, bytes }] = server.log;
    assert.deepEqual({ status, error, bytes }, { status: 200, error: 'client.gone', bytes: 400 });
  });
});

describe('an answer that breaks off', () => {
  const broken = async (request: string, length?: number): Promise<RawConnection> => {
    const client = await RawConnection.connect(server.port);
    const { answer } = await later(client, request);
    const body = new Tap(length);
    answer.settle(new Response(200, undefined, body));
    body.sink?.data(Buffer.from('first'));
    await client.untilText('first');
    body.sink?.fail(new DreamError('upstream.body-incomplete'));
    await client.ended;
    return client;
  };

  it('is not passed off as whole: it ends in a reset, whatever its framing', async () => {
    for (const [request, length] of [
      [get('/later'), 10],
      [get('/later'), undefined],
      [head('GET /later HTTP/1.0'), undefined],
    ] as const) {
      using client = await broken(request, length);
      assert.equal(await client.ended, 'reset', `${request} ${length}`);
      const { status, bytes, error } = server.log.at(-1) as Logged;
      assert.deepEqual(
        { status, bytes, error },
        { status: 200, bytes: 5, error: 'upstream.body-incomplete' },
      );
    }
  });

  it('before anything of it has left is replaced by an answer that says so', async () => {
    using client = await RawConnection.connect(server.port);
    const { answer } = await later(client);
    const body = new Tap(5);
    body.flow = (sink) => sink.fail(new DreamError('upstream.body-incomplete'));
    await client.send(get('/next'));
    answer.settle(new Response(200, undefined, body));
    assert.equal((await client.response()).status, 502);
    assert.equal((await client.response()).body.toString(), '/next');
    const { status, error } = server.log[0];
    assert.deepEqual({ status, error }, { status: 502, error: 'upstream.body-incomplete' });
  });

  it('is no answer when its handler gives more or less than it said', async () => {
    for (const bytes of [4, 6]) {
      using client = await RawConnection.connect(server.port);
      const { answer } = await later(client);
      const body = new Tap(5);
      answer.settle(new Response(200, undefined, body));
      body.sink?.data(Buffer.alloc(bytes));
      if (bytes < 5) body.sink?.end();
      await assert.rejects(client.response());
      assert.equal(server.log.at(-1)?.error, 'internal.failure');
    }
  });
});

describe('the last word', () => {
  it('reaches a client that goes on sending (RFC 9112 §9.6)', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send('BAD\r\n');
    const flood = client.send(Buffer.alloc(8 << 20, 'x')).catch(() => 'the server has closed');
    const response = await client.response();
    assert.equal(response.status, 400);
    assert.equal(field(response, 'Connection'), 'close');
    await flood;
    client.halfClose();
    assert.equal(await client.end(), 'end');
    assert.equal(server.log.length, 1, 'nothing of the flood is taken for a request');
  });

  it('reaches a client that reads only when it has sent all, however long that takes', async () => {
    using client = await RawConnection.connect(server.port);
    client.socket.pause();
    await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9999999999'));
    await server.untilLogged(1);
    for (const start = performance.now(); performance.now() - start < 2500;) {
      await client.send('x'.repeat(1000));
      await pause(50);
    }
    client.socket.resume();
    assert.equal((await client.response('POST')).status, 413);
    client.halfClose();
    assert.equal(await client.end(), 'end');
  });

  it('is followed by nothing, whatever had come behind the request', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/1', 'Connection: close') + get('/2'));
    assert.equal((await client.response()).body.toString(), '/1');
    assert.equal(await client.end(), 'end');
    assert.equal(server.log.length, 1);
  });

  it('is followed by the end even for a client that never closes', async () => {
    const client = await RawConnection.connect(server.port);
    await client.send(get('/1', 'Connection: close'));
    await client.response();
    await server.untilAlone();
    client.close();
  });
});

describe('a server that stops', () => {
  const drain = (): void => {
    for (const connection of server.connections) connection.drain();
    for (const connection of server.connections) connection.closeIdle();
  };

  it('ends idle connections, new ones and used ones', async () => {
    using fresh = await RawConnection.connect(server.port);
    using used = await RawConnection.connect(server.port);
    await used.send(get('/1'));
    await used.response();
    drain();
    assert.equal(await fresh.end(), 'end');
    assert.equal(await used.end(), 'end');
  });

  it('finishes the exchange under way, and says that it is the last', async () => {
    using client = await RawConnection.connect(server.port);
    const { answer } = await later(client);
    await client.send(get('/never'));
    drain();
    answer.settle(hello());
    const response = await client.response();
    assert.equal(field(response, 'Connection'), 'close');
    assert.equal(response.body.toString(), 'hello');
    assert.equal(await client.end(), 'end');
  });

  it('reads the request that has begun to its end', async () => {
    using client = await RawConnection.connect(server.port);
    const message =
      head('POST /1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + chunk('a') + chunk('');
    await client.send(message.slice(0, 20));
    using other = await RawConnection.connect(server.port);
    await other.send(get('/other'));
    await other.response();
    drain();
    await client.send(message.slice(20));
    assert.equal((await client.response('POST')).body.toString(), '/1');
    assert.equal(await client.end(), 'end');
  });
});
