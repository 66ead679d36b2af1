/** What is let pass in one direction is not handed on in the other: both sides get it in the one form that we write. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { startProxy, type ProxyServer, type ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { leniencyOf, REQUEST_LENIENCIES, RESPONSE_LENIENCIES } from '../../http1/leniency.ts';

const REQUEST =
  'POST / HTTP/1.1\nHost: a\r\nX-Folded: one\n\ttwo\nContent-Length: 2, 2\nContent-Length: 2\n\nhi';
const ANSWER = 'HTTP/1.1 200\nX-Folded: one\n two\nTransfer-Encoding: chunked\n\n5 \r\nhello\r\n0\t\r\n\r\n';

let backend: RawBackend;
let proxy: ProxyServer;
let client: RawConnection;

async function start(setup: ProxySetup): Promise<void> {
  proxy = await startProxy([backend.url], setup);
  client = await RawConnection.connect(proxy.port);
}

beforeEach(async () => {
  backend = await RawBackend.start();
});
afterEach(async () => {
  client.close();
  await proxy[Symbol.asyncDispose]();
  backend[Symbol.dispose]();
});

describe('a leniency', () => {
  it('for clients lets their requests pass, which the upstream gets well formed', async () => {
    await start({ lenient: leniencyOf(REQUEST_LENIENCIES) });
    await client.send(REQUEST);
    const requests = new RequestReader(await backend.accept());
    const request = await requests.head();
    assert.deepEqual(request.values('Content-Length'), ['2']);
    assert.deepEqual(request.values('X-Folded'), ['one  two']);
    await requests.connection.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await client.response('POST')).status, 204);
  });

  it('for an upstream lets its answers pass, which the client gets well formed', async () => {
    await start({ upstream: { lenient: leniencyOf(RESPONSE_LENIENCIES) } });
    await client.send(head('GET / HTTP/1.1', 'Host: a'));
    const requests = new RequestReader(await backend.accept());
    await requests.head();
    await requests.connection.send(ANSWER);
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(field(response, 'X-Folded'), 'one  two');
    assert.equal(String(response.body), 'hello');
  });

  it('is for the one side only that it is given for', async () => {
    await start({ upstream: { lenient: leniencyOf(RESPONSE_LENIENCIES) } });
    await client.send(REQUEST);
    assert.equal((await client.response('POST')).status, 400);
    await proxy[Symbol.asyncDispose]();
    client.close();
    await start({ lenient: leniencyOf(REQUEST_LENIENCIES) });
    await client.send(head('GET / HTTP/1.1', 'Host: a'));
    const requests = new RequestReader(await backend.accept());
    await requests.head();
    await requests.connection.send(ANSWER);
    assert.equal((await client.response()).status, 502);
  });
});
