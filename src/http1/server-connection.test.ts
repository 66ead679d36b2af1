import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { field, type RawResponse } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import type { BodySource } from '../http/body.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { PendingResponse } from '../pipeline/pending-response.ts';

/** A body whose length nobody knows before its end. */
const pieces = (...texts: string[]): BodySource => ({
  length: undefined,
  trailers: undefined,
  flow(sink) {
    for (const text of texts) sink.data(Buffer.from(text));
    sink.end();
  },
  resume: () => {},
  cancel: () => {},
});

/** Answers that wait until the test gives them, by path. */
const waiting = new Map<string, PendingResponse>();

function handler({ request }: Exchange): Response | PendingResponse {
  const text = Buffer.from(`${request.path} by ${request.method}`);
  switch (request.path) {
    case '/pieces':
      return new Response(200, undefined, pieces('one, ', '', 'two'));
    case '/204':
      return new Response(204, HeaderList.of('A', '1'));
    case '/304':
      return new Response(304, HeaderList.of('ETag', '"a"'), text);
    case '/throws':
      throw new Error('the secret inside');
    default: {
      if (!request.path.startsWith('/later/')) return new Response(200, undefined, text);
      const answer = new PendingResponse();
      waiting.set(request.path, answer);
      return answer;
    }
  }
}

let server: HandlerServer;
before(async () => {
  server = await HandlerServer.start(handler);
});
after(() => server[Symbol.asyncDispose]());

/** Send these requests at once, and read the answer to each. */
async function answers(...requests: string[]): Promise<{ responses: RawResponse[]; client: RawConnection }> {
  const client = await RawConnection.connect(server.port);
  await client.send(requests.join(''));
  const responses = [];
  for (const request of requests) responses.push(await client.response(request.split(' ', 1)[0]));
  return { responses, client };
}

const bodies = (responses: readonly RawResponse[]): string[] => responses.map(({ body }) => body.toString());

describe('answers', () => {
  it('come in the order of the requests, however many came at once (RFC 9112 §9.3.2)', async () => {
    const requests = Array.from({ length: 500 }, (_, i) =>
      i % 2 === 0 ? get(`/n${i}`) : head(`HEAD /n${i} HTTP/1.1`, 'Host: a'),
    );
    const { responses, client } = await answers(...requests);
    using _ = client;
    assert.deepEqual(
      bodies(responses),
      requests.map((_each, i) => (i % 2 === 0 ? `/n${i} by GET` : '')),
    );
  });

  it('come in the order of the requests also where the first takes longer', async () => {
    const logged = server.log.length;
    using client = await RawConnection.connect(server.port);
    await client.send(get('/later/order') + get('/second') + get('/third'));
    await client.send(get('/fourth'));
    using other = await RawConnection.connect(server.port);
    await other.send(get('/meanwhile'));
    await other.response();
    assert.equal(client.bytesReceived, 0);
    waiting.get('/later/order')?.settle(new Response(200, undefined, Buffer.from('first')));
    for (const body of ['first', '/second by GET', '/third by GET', '/fourth by GET']) {
      assert.equal((await client.response()).body.toString(), body);
    }
    const paths = server.log.slice(logged).map(({ path }) => path);
    assert.deepEqual(paths, ['/meanwhile', '/later/order', '/second', '/third', '/fourth']);
  });

  it('to requests that came at once leave at once, in one piece', async () => {
    const received: number[] = [];
    using client = await RawConnection.connect(server.port);
    client.socket.on('data', ({ length }) => received.push(length));
    await client.send(get('/1') + get('/2') + get('/3'));
    for (let count = 0; count < 3; count++) await client.response();
    assert.equal(received.length, 1);
  });

  it('have an id each, which is the one in the log', async () => {
    const logged = server.log.length;
    const { responses, client } = await answers(get('/1'), get('/2'));
    using _ = client;
    const ids = responses.map((response) => field(response, 'X-Request-Id'));
    assert.deepEqual(
      ids,
      server.log.slice(logged).map(({ id }) => id),
    );
    assert.notEqual(ids[0], ids[1]);
  });

  it('to HEAD have no body, and the length that GET would get (RFC 9110 §9.3.2)', async () => {
    const { responses, client } = await answers(
      head('HEAD /a HTTP/1.1', 'Host: a'),
      head('HEAD /pieces HTTP/1.1', 'Host: a'),
      get('/b'),
    );
    using _ = client;
    assert.equal(field(responses[0], 'Content-Length'), String('/a by HEAD'.length));
    assert.equal(field(responses[1], 'Content-Length'), undefined);
    assert.deepEqual(bodies(responses), ['', '', '/b by GET']);
  });

  it('of 204 and 304 have neither body nor length (RFC 9110 §8.6)', async () => {
    const { responses, client } = await answers(get('/204'), get('/304'), get('/b'));
    using _ = client;
    for (const response of responses.slice(0, 2)) assert.equal(field(response, 'Content-Length'), undefined);
    assert.deepEqual(bodies(responses), ['', '', '/b by GET']);
  });

  it('of unknown length come in chunks; an empty piece does not end them', async () => {
    const { responses, client } = await answers(get('/pieces'), get('/b'));
    using _ = client;
    assert.equal(responses[0].framing, 'chunked');
    assert.deepEqual(bodies(responses), ['one, two', '/b by GET']);
  });

  it('of unknown length end with the connection for HTTP/1.0, even one that was to be kept', async () => {
    const { responses, client } = await answers(head('GET /pieces HTTP/1.0', 'Connection: keep-alive'));
    assert.equal(responses[0].framing, 'until-close');
    assert.equal(field(responses[0], 'Connection'), 'close');
    assert.deepEqual(bodies(responses), ['one, two']);
    assert.equal(await client.end(), 'end');
  });

  it('to a handler that throws are 500, and tell nothing of it', async () => {
    const { responses, client } = await answers(get('/throws'), get('/b'));
    using _ = client;
    assert.deepEqual(
      responses.map(({ status }) => status),
      [500, 200],
    );
    assert.doesNotMatch(responses[0].body.toString(), /secret/);
    assert.match(JSON.stringify(server.failures.splice(0)), /the secret inside/);
  });
});

describe('a connection (RFC 9112 §9.3)', () => {
  const closes = async (...lines: string[]): Promise<boolean> => {
    using client = await RawConnection.connect(server.port);
    await client.send(head(...lines) + get('/next'));
    const response = await client.response();
    const said = field(response, 'Connection');
    const ended = said === 'close';
    if (ended) assert.equal(await client.end(), 'end');
    else {
      assert.equal((await client.response()).body.toString(), '/next by GET');
      assert.equal(said, lines[0].endsWith('1.0') ? 'keep-alive' : undefined);
    }
    return ended;
  };

  it('stays in HTTP/1.1 until somebody says close', async () => {
    assert.equal(await closes('GET / HTTP/1.1', 'Host: a'), false);
    assert.equal(await closes('GET / HTTP/1.1', 'Host: a', 'Connection: keep-alive'), false);
    assert.equal(await closes('GET / HTTP/1.1', 'Host: a', 'Connection: x-own, Close'), true);
  });

  it('ends in HTTP/1.0 unless somebody says keep-alive', async () => {
    assert.equal(await closes('GET / HTTP/1.0'), true);
    assert.equal(await closes('GET / HTTP/1.0', 'Connection: Keep-Alive'), false);
    assert.equal(await closes('GET / HTTP/1.0', 'Connection: keep-alive, close'), true);
  });

  it('passes over empty lines before a request (RFC 9112 §2.2), however they come', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(`\r\n\r\n${get('/1')}\r\n`);
    await client.response();
    for (const byte of `\r\n${get('/2')}`) await client.send(byte);
    assert.equal((await client.response()).body.toString(), '/2 by GET');
  });

  it('ends with the answer to what is no request, which comes after those before it', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(`${get('/1')}${get('/later/x')}`);
    await client.response();
    await client.send(`G(T / HTTP/1.1\r\n\r\n${get('/never')}`);
    waiting.get('/later/x')?.settle(new Response(200));
    assert.equal((await client.response()).status, 200);
    const refusal = await client.response();
    assert.equal(refusal.status, 400);
    assert.equal(field(refusal, 'Connection'), 'close');
    assert.equal(await client.end(), 'end');
  });

  it('is logged with what is known of a refused request', async () => {
    const logged = server.log.length;
    for (const request of ['GET / HTTP/3.0\r\n', head('GET /x HTTP/1.1', 'Host: a', 'Content-Length: x')]) {
      using client = await RawConnection.connect(server.port);
      await client.send(request);
      await client.response();
    }
    const [version, framing] = server.log
      .slice(logged)
      .map(({ status, error, path }) => ({ status, error, path }));
    assert.deepEqual(version, { status: 505, error: 'http1.version.unsupported', path: '/' });
    assert.deepEqual(framing, { status: 400, error: 'http1.framing.malformed-length', path: '/x' });
  });

  it('serves requests that come byte by byte', async () => {
    using client = await RawConnection.connect(server.port);
    await client.sendByteByByte(
      get('/1') +
        head('POST /2 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') +
        chunk('a') +
        chunk('') +
        get('/3'),
    );
    assert.equal((await client.response()).body.toString(), '/1 by GET');
    assert.equal((await client.response('POST')).body.toString(), '/2 by POST');
  });

  it('serves a request whose head is as large as is allowed', async () => {
    const limits = { headerBytes: 1 << 18, uriBytes: 8192, headers: 10, bodyBytes: 0 };
    await using lenient = await HandlerServer.start(handler, { limits });
    using client = await RawConnection.connect(lenient.port);
    const large = get('/large', `A: ${'a'.repeat(100_000)}`, `B: ${'b'.repeat(100_000)}`);
    await client.send(large + get('/next') + large);
    for (const path of ['/large', '/next', '/large']) {
      assert.equal((await client.response()).body.toString(), `${path} by GET`);
    }
  });
});
