import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { field } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { readAll } from '../http/body.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';

const LIMIT = 1 << 20;

/** `/read` answers with the body, `/count` with its length, `/echo` with the body as it comes; all others do not read. */
async function reading({ request, body }: Exchange): Promise<Response> {
  const bytes = await readAll(body, 2 * LIMIT);
  const trailers = body.trailers === undefined ? '' : [...body.trailers].join();
  return new Response(
    200,
    undefined,
    request.path === '/read' ? bytes : Buffer.from(`${bytes.length}${trailers}`),
  );
}

function handler(exchange: Exchange): Response | Promise<Response> {
  const { path } = exchange.request;
  if (path === '/read' || path === '/count') return reading(exchange);
  if (path === '/echo') return new Response(200, undefined, exchange.body);
  if (path === '/unread-later') return Promise.resolve(new Response(200, undefined, Buffer.from('unread')));
  return new Response(200, undefined, Buffer.from('unread'));
}

let server: HandlerServer;
before(async () => {
  server = await HandlerServer.start(handler, { limits: { bodyBytes: LIMIT } });
});
after(() => server[Symbol.asyncDispose]());

const post = (path: string, ...fields: string[]): string =>
  head(`POST ${path} HTTP/1.1`, 'Host: a', ...fields);
const CHUNKED = 'Transfer-Encoding: chunked';

/** The answer to a message that is sent whole, and whether the connection can serve another one after it. */
async function answer(message: string): Promise<{ status: number; body: string; kept: boolean }> {
  using client = await RawConnection.connect(server.port);
  await client.send(message);
  const { status, body } = await client.response('POST');
  const next = client.send(get('/next')).then(() => client.response());
  const kept = await next.then(
    () => true,
    () => false,
  );
  return { status, body: body.toString(), kept };
}

describe('a request body', () => {
  it('that its reader gives up at the last piece ends there, and what is pipelined behind it is the next request', async () => {
    const short = ({ request, body }: Exchange): Response | Promise<Response> =>
      request.method === 'GET'
        ? new Response(204)
        : readAll(body, 4).then(
            () => new Response(200),
            () => new Response(413),
          );
    await using server4 = await HandlerServer.start(short);
    const large = post('/', CHUNKED) + chunk('hello') + chunk('');
    for (const behind of [get('/second'), `${chunk('stolen')}${chunk('')}${get('/second')}`]) {
      server4.log.length = 0;
      using client = await RawConnection.connect(server4.port);
      await client.send(large + behind);
      assert.equal((await client.response('POST')).status, 413);
      const next = await client.response().catch(() => undefined);
      assert.equal(next?.status, behind.startsWith('GET') ? 204 : 400);
    }
  });

  it('that is too large and then malformed is too large, also where both come in one piece', async () => {
    await using small = await HandlerServer.start(reading, { limits: { bodyBytes: 100 } });
    const large = post('/count', CHUNKED) + chunk('x'.repeat(60)) + chunk('x'.repeat(60));
    for (const pieces of [[`${large}zz\r\n`], [large, 'zz\r\n']]) {
      using client = await RawConnection.connect(small.port);
      for (const piece of pieces) await client.send(piece).catch(() => {});
      assert.equal((await client.response('POST')).status, 413);
    }
    assert.deepEqual([...new Set(small.log.map(({ error }) => error))], ['http1.body.too-large']);
  });

  it('is read by its length, or by its chunks, and the next request behind it', async () => {
    assert.deepEqual(await answer(`${post('/read', 'Content-Length: 5')}hello`), {
      status: 200,
      body: 'hello',
      kept: true,
    });
    assert.deepEqual(await answer(post('/read', CHUNKED) + chunk('hel') + chunk('lo') + chunk('')), {
      status: 200,
      body: 'hello',
      kept: true,
    });
    assert.deepEqual(await answer(post('/read')), { status: 200, body: '', kept: true });
  });

  it('is read whole, however large it is and however it comes', async () => {
    const size = 700_000;
    assert.equal(
      (await answer(post('/count', `Content-Length: ${size}`) + 'a'.repeat(size))).body,
      String(size),
    );
    assert.equal(
      (await answer(post('/count', CHUNKED) + chunk('abc').repeat(size / 100) + chunk(''))).body,
      String(3 * (size / 100)),
    );
  });

  it('has trailers where it came with some (RFC 9112 §7.1.2)', async () => {
    assert.equal(
      (await answer(`${post('/count', CHUNKED)}${chunk('a')}0\r\nX-Sum: 5\r\n\r\n`)).body,
      '1X-Sum,5',
    );
  });

  it('may flow into the answer as it comes', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(post('/echo', CHUNKED) + chunk('one'));
    await client.untilText('one');
    await client.send(chunk('two') + chunk(''));
    assert.equal((await client.response('POST')).body.toString(), 'onetwo');
  });

  it('that breaks a rule fails for its reader, and closes the connection', async () => {
    const wrong = { 'x\r\n': 'http1.chunk.malformed-size', '0\r\nA : b\r\n\r\n': 'http1.trailer.malformed' };
    for (const [body, error] of Object.entries(wrong)) {
      const { status, kept } = await answer(post('/read', CHUNKED) + body);
      assert.deepEqual(
        { status, kept, error: server.log.at(-1)?.error },
        { status: 400, kept: false, error },
      );
    }
  });

  it('is refused past the limit: at once where its length tells, else as soon as it is there', async () => {
    for (const path of ['/read', '/other']) {
      assert.equal((await answer(post(path, `Content-Length: ${LIMIT + 1}`))).status, 413, path);
    }
    assert.equal((await answer(post('/read', CHUNKED) + chunk('a'.repeat(LIMIT)) + chunk(''))).status, 200);
    assert.equal((await answer(post('/read', CHUNKED) + chunk('a'.repeat(LIMIT)) + chunk('a'))).status, 413);
  });

  it('that ends with the connection is incomplete', async () => {
    for (const message of [
      `${post('/read', 'Content-Length: 5')}hell`,
      post('/read', CHUNKED) + chunk('a'),
    ]) {
      using client = await RawConnection.connect(server.port);
      await client.send(message);
      client.halfClose();
      const response = await client.response('POST');
      assert.equal(response.status, 400);
      assert.equal(server.log.at(-1)?.error, 'http1.body.incomplete');
      assert.equal(await client.end(), 'end');
    }
  });
});

describe('a request body that nobody reads', () => {
  it('is read away when it is small, and the connection goes on', async () => {
    for (const path of ['/unread', '/unread-later']) {
      const size = 64 * 1024;
      const message = post(path, `Content-Length: ${size}`) + 'x'.repeat(size);
      assert.deepEqual(await answer(message), { status: 200, body: 'unread', kept: true }, path);
    }
  });

  it('is never taken for a request', async () => {
    using client = await RawConnection.connect(server.port);
    const smuggled = get('/smuggled');
    await client.send(post('/unread', `Content-Length: ${smuggled.length}`) + smuggled + get('/next'));
    await client.response('POST');
    await client.response();
    assert.doesNotMatch(JSON.stringify(server.log), /smuggled/);
  });

  it('ends the connection when it is large, or when nobody knows how large it is', async () => {
    for (const field_ of ['Content-Length: 65537', CHUNKED]) {
      using client = await RawConnection.connect(server.port);
      await client.send(post('/unread', field_));
      const response = await client.response('POST');
      assert.equal(response.body.toString(), 'unread');
      assert.equal(field(response, 'Connection'), 'close');
      assert.equal(await client.end(), 'end');
    }
  });

  it('ends the connection also where it is all there already, in chunks', async () => {
    assert.deepEqual(await answer(post('/unread', CHUNKED) + chunk('a') + chunk('')), {
      status: 200,
      body: 'unread',
      kept: false,
    });
  });
});

describe('Expect: 100-continue (RFC 9110 §10.1.1)', () => {
  const EXPECT = 'Expect: 100-continue';

  it('is met when the handler reads the body, and not before', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(post('/read', 'Content-Length: 5', EXPECT));
    await client.untilText('HTTP/1.1 100 Continue\r\n\r\n');
    assert.equal(client.unread.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
    await client.send('hello');
    const response = await client.response('POST');
    assert.equal(response.interim.length, 1);
    assert.equal(response.body.toString(), 'hello');
  });

  it('is answered at once where nobody reads the body; then the connection ends, since the body may come or not', async () => {
    for (const path of ['/unread', '/unread-later']) {
      using client = await RawConnection.connect(server.port);
      await client.send(post(path, 'Content-Length: 5', EXPECT));
      const response = await client.response('POST');
      assert.deepEqual([response.interim.length, response.body.toString()], [0, 'unread']);
      assert.equal(field(response, 'Connection'), 'close');
      assert.equal(await client.end(), 'end');
    }
  });

  it('needs no word when the body is there already', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(`${post('/read', 'Content-Length: 5', EXPECT)}hello`);
    const response = await client.response('POST');
    assert.deepEqual([response.interim.length, response.body.toString()], [0, 'hello']);
  });

  it('means nothing without a body, and nothing to HTTP/1.0', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(post('/read', EXPECT) + head('POST /read HTTP/1.0', EXPECT, 'Content-Length: 5'));
    assert.equal((await client.response('POST')).interim.length, 0);
    await client.send('hello');
    const response = await client.response('POST');
    assert.deepEqual([response.interim.length, response.body.toString()], [0, 'hello']);
  });

  it('is answered with 417 when it is anything else', async () => {
    for (const expectation of ['200-ok', '100-continue, more', '']) {
      using client = await RawConnection.connect(server.port);
      await client.send(post('/read', 'Content-Length: 5', `Expect: ${expectation}`));
      assert.equal((await client.response('POST')).status, 417, expectation);
      assert.equal(await client.end(), 'end');
    }
  });

  it('is not met in the middle of an answer', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(post('/echo', 'Content-Length: 5', EXPECT));
    await client.untilText('HTTP/1.1 200 OK');
    await client.send('hello');
    const response = await client.response('POST');
    assert.deepEqual([response.interim.length, response.body.toString()], [0, 'hello']);
  });
});
