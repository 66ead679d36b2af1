/** Answers before the answer (1xx, RFC 9110 §15.2): on to who can read them, bounded, and never in the way of the final one. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';

const HINTS = head(
  'HTTP/1.1 103 Early Hints',
  'Link: </a.css>; rel=preload',
  'Connection: x-own',
  'X-Own: 1',
);
const OK = `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`;

const rig = ProxyRig.perTest();
let upstream: RawConnection;
let requests: RequestReader;

beforeEach(async () => {
  await rig.start();
  upstream = undefined as unknown as RawConnection;
  requests = undefined as unknown as RequestReader;
});

async function ask(request: string): Promise<void> {
  await rig.client.send(request);
  upstream ??= await rig.backend.accept();
  requests ??= new RequestReader(upstream);
  await requests.head();
}

describe('an interim answer', () => {
  it('goes on to the client at once, without what is for one connection only', async () => {
    await ask(get('/'));
    await upstream.send(HINTS);
    const text = await rig.client.untilText('\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\n$/);
    await upstream.send(OK);
    const response = await rig.client.response();
    assert.deepEqual([response.status, response.interim.map(({ status }) => status)], [200, [103]]);
  });

  it('of any number up to sixteen comes in order, also in one piece with the final one', async () => {
    await ask(get('/'));
    await upstream.send(HINTS.repeat(15) + head('HTTP/1.1 102 Processing') + OK);
    const { status, interim, body } = await rig.client.response();
    assert.deepEqual([status, String(body)], [200, 'ok']);
    assert.deepEqual(
      interim.map((each) => each.status),
      [...Array.from({ length: 15 }, () => 103), 102],
    );
  });

  it('is not for clients of HTTP/1.0', async () => {
    await ask(head('GET / HTTP/1.0'));
    await upstream.send(HINTS + OK);
    const { status, interim } = await rig.client.response();
    assert.deepEqual([status, interim.length], [200, 0]);
  });

  it('100 Continue is not for a client that did not ask for it', async () => {
    await ask(get('/'));
    await upstream.send(head('HTTP/1.1 100 Continue') + OK);
    const { status, interim } = await rig.client.response();
    assert.deepEqual([status, interim.length], [200, 0]);
  });

  it('leaves the connections as they were', async () => {
    for (let turn = 0; turn < 3; turn++) {
      await ask(get('/'));
      await upstream.send(HINTS + OK);
      assert.equal((await rig.client.response()).interim.length, 1);
    }
    assert.equal(rig.backend.connections.length, 1);
  });

  it('once more than sixteen is no information any more', async () => {
    await ask(get('/'));
    await upstream.send(HINTS.repeat(17) + OK);
    const response = await rig.client.response();
    assert.deepEqual([response.status, response.interim.length], [502, 16]);
    assert.match(field(response, 'Proxy-Status') ?? '', /^dreamserver; error=http_protocol_error; /);
    await upstream.ended;
    assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'upstream.too-many-interim');
  });

  it('that says it has a body has no certain end', async () => {
    for (const line of ['Content-Length: 2', 'Transfer-Encoding: chunked']) {
      const far = rig.backend.connections.length;
      using other = await RawConnection.connect(rig.proxy.port);
      await other.send(get('/'));
      const connection = await rig.backend.accept();
      await new RequestReader(connection).head();
      await connection.send(head('HTTP/1.1 103 Early Hints', line) + OK);
      assert.equal((await other.response()).status, 502);
      await connection.ended;
      assert.equal(rig.backend.connections.length, far + 1);
    }
    const { error, cause } = rig.proxy.server.log[0];
    assert.deepEqual([error, cause], ['upstream.ambiguous-framing', 'http1.framing.content-in-interim']);
  });
});
