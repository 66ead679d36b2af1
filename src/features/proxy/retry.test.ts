/** A body that is sent again is the client's, whole; one that cannot be had again is never sent in part. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { head } from '../../../test/support/message.ts';
import { startProxy, type ProxyServer } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';

const upstream = {
  retry: { attempts: 3, reset: true, timeout: false, statuses: [], budget: 0.2, within: 0 },
};

let first: RawBackend;
let second: RawBackend;
let proxy: ProxyServer;
let client: RawConnection;

beforeEach(async () => {
  first = await RawBackend.start();
  second = await RawBackend.start();
});
afterEach(async () => {
  client.close();
  await proxy[Symbol.asyncDispose]();
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

async function start(request: 'auto' | 'off' = 'auto'): Promise<void> {
  proxy = await startProxy([first.url, second.url], { upstream, proxy: { buffer: { request } } });
  client = await RawConnection.connect(proxy.port);
}

/** The first backend takes the request with its body and breaks the connection. */
async function firstBreaks(body: string): Promise<void> {
  const peer = await first.accept();
  await peer.untilText(`\r\n\r\n${body}`);
  peer.reset();
}

test('a PUT whose server breaks the connection is sent to another with its whole body', async () => {
  await start();
  const body = 'x'.repeat(65_536);
  await client.send(`${head('PUT / HTTP/1.1', 'Host: a', 'Content-Length: 65536')}${body}`);
  await firstBreaks(body);
  const peer = await second.accept();
  const received = await peer.untilText(`\r\n\r\n${body}`);
  assert.match(received, /^PUT \/ HTTP\/1\.1\r\n/);
  assert.match(received, /\r\nContent-Length: 65536\r\n/i);
  await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  assert.equal((await client.response()).status, 200);
});

for (const [name, lines, length, mode] of [
  ['a POST', ['POST / HTTP/1.1', 'Content-Length: 5'], 5, 'auto'],
  ['a PUT whose body is too long to keep', ['PUT / HTTP/1.1', 'Content-Length: 65537'], 65_537, 'auto'],
  ['a PUT that is to be streamed', ['PUT / HTTP/1.1', 'Content-Length: 5'], 5, 'off'],
] as const) {
  test(`${name} is sent once, whatever becomes of it`, async () => {
    await start(mode);
    const body = 'x'.repeat(length);
    await client.send(`${head(...lines, 'Host: a')}${body}`);
    await firstBreaks(body);
    assert.equal((await client.response()).status, 502);
    assert.equal(second.connections.length, 0);
  });
}
