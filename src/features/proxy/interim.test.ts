/** Answers before the answer (1xx, RFC 9110 §15.2): on to who can read them, bounded, and never in the way of the final one. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { startProxy, type ProxyServer } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';

const HINTS = head(
  'HTTP/1.1 103 Early Hints',
  'Link: </a.css>; rel=preload',
  'Connection: x-own',
  'X-Own: 1',
);
const OK = `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`;

let backend: RawBackend;
let proxy: ProxyServer;
let client: RawConnection;
let upstream: RawConnection;
let requests: RequestReader;

beforeEach(async () => {
  backend = await RawBackend.start();
  proxy = await startProxy([backend.url]);
  client = await RawConnection.connect(proxy.port);
});
afterEach(async () => {
  client.close();
  await proxy[Symbol.asyncDispose]();
  backend[Symbol.dispose]();
});

async function ask(request: string): Promise<void> {
  await client.send(request);
  upstream ??= await backend.accept();
  requests ??= new RequestReader(upstream);
  await requests.head();
}

beforeEach(() => {
  upstream = undefined as unknown as RawConnection;
  requests = undefined as unknown as RequestReader;
});

describe('an interim answer', () => {
  it('goes on to the client at once, without what is for one connection only', async () => {
    await ask(get('/'));
    await upstream.send(HINTS);
    const text = await client.untilText('\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\n$/);
    await upstream.send(OK);
    const response = await client.response();
    assert.deepEqual([response.status, response.interim.map(({ status }) => status)], [200, [103]]);
  });

  it('of any number up to sixteen comes in order, also in one piece with the final one', async () => {
    await ask(get('/'));
    await upstream.send(HINTS.repeat(15) + head('HTTP/1.1 102 Processing') + OK);
    const { status, interim, body } = await client.response();
    assert.deepEqual([status, String(body)], [200, 'ok']);
    assert.deepEqual(
      interim.map((each) => each.status),
      [...Array.from({ length: 15 }, () => 103), 102],
    );
  });

  it('is not for clients of HTTP/1.0', async () => {
    await ask(head('GET / HTTP/1.0'));
    await upstream.send(HINTS + OK);
    const { status, interim } = await client.response();
    assert.deepEqual([status, interim.length], [200, 0]);
  });

  it('100 Continue is not for a client that did not ask for it', async () => {
    await ask(get('/'));
    await upstream.send(head('HTTP/1.1 100 Continue') + OK);
    const { status, interim } = await client.response();
    assert.deepEqual([status, interim.length], [200, 0]);
  });

  it('leaves the connections as they were', async () => {
    for (let turn = 0; turn < 3; turn++) {
      await ask(get('/'));
      await upstream.send(HINTS + OK);
      assert.equal((await client.response()).interim.length, 1);
    }
    assert.equal(backend.connections.length, 1);
  });

  it('once more than sixteen is no information any more', async () => {
    await ask(get('/'));
    await upstream.send(HINTS.repeat(17) + OK);
    const response = await client.response();
    assert.deepEqual([response.status, response.interim.length], [502, 16]);
    assert.match(field(response, 'Proxy-Status') ?? '', /^dreamserver; error=http_protocol_error; /);
    await upstream.ended;
    assert.equal((await proxy.server.untilLogged(1))[0].error, 'upstream.too-many-interim');
  });

  it('that says it has a body has no certain end', async () => {
    for (const line of ['Content-Length: 2', 'Transfer-Encoding: chunked']) {
      const far = backend.connections.length;
      using other = await RawConnection.connect(proxy.port);
      await other.send(get('/'));
      const connection = await backend.accept();
      await new RequestReader(connection).head();
      await connection.send(head('HTTP/1.1 103 Early Hints', line) + OK);
      assert.equal((await other.response()).status, 502);
      await connection.ended;
      assert.equal(backend.connections.length, far + 1);
    }
    const { error, cause } = proxy.server.log[0];
    assert.deepEqual([error, cause], ['upstream.ambiguous-framing', 'http1.framing.content-in-interim']);
  });
});
