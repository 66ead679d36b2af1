/**
 * A body that is sent again is the client's, whole; one that cannot be had again is never sent in part. An answer that was
 * to be bettered is not lost.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';

const upstream = {
  retry: { attempts: 3, reset: true, timeout: false, statuses: [], budget: 0.2, within: 0 },
};

const rig = ProxyRig.perTest(2);

async function start(request: 'auto' | 'off' = 'auto'): Promise<void> {
  await rig.start({ upstream, proxy: { buffer: { request } } });
}

/** The first backend takes the request with its body and breaks the connection. */
async function firstBreaks(body: string): Promise<void> {
  const peer = await rig.backends[0].accept();
  await peer.untilText(`\r\n\r\n${body}`);
  peer.reset();
}

test('a PUT whose server breaks the connection is sent to another with its whole body', async () => {
  await start();
  const body = 'x'.repeat(65_536);
  await rig.client.send(`${head('PUT / HTTP/1.1', 'Host: a', 'Content-Length: 65536')}${body}`);
  await firstBreaks(body);
  const peer = await rig.backends[1].accept();
  const received = await peer.untilText(`\r\n\r\n${body}`);
  assert.match(received, /^PUT \/ HTTP\/1\.1\r\n/);
  assert.match(received, /\r\nContent-Length: 65536\r\n/i);
  await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  assert.equal((await rig.client.response()).status, 200);
});

for (const [name, lines, length, mode] of [
  ['a POST', ['POST / HTTP/1.1', 'Content-Length: 5'], 5, 'auto'],
  ['a PUT whose body is too long to keep', ['PUT / HTTP/1.1', 'Content-Length: 65537'], 65_537, 'auto'],
  ['a PUT that is to be streamed', ['PUT / HTTP/1.1', 'Content-Length: 5'], 5, 'off'],
] as const) {
  test(`${name} is sent once, whatever becomes of it`, async () => {
    await start(mode);
    const body = 'x'.repeat(length);
    await rig.client.send(`${head(...lines, 'Host: a')}${body}`);
    await firstBreaks(body);
    assert.equal((await rig.client.response()).status, 502);
    assert.equal(rig.backends[1].connections.length, 0);
  });
}

test('an answer that another server was to better comes to the client as it was, when that one is gone', async () => {
  const urls = [rig.backends[0].url, rig.backends[1].url];
  rig.backends[1][Symbol.dispose]();
  await rig.start({ upstream: { retry: { ...upstream.retry, statuses: [503] } } }, urls);
  await rig.client.send(get('/'));
  const peer = await rig.backends[0].accept();
  await peer.untilText('\r\n\r\n');
  const fields = ['Retry-After: 7', 'X-Own: yes', 'Transfer-Encoding: chunked'];
  await peer.send(`${head('HTTP/1.1 503 Closed for Repairs', ...fields)}5\r\nsorry\r\n`);
  await peer.send('6\r\n, dear\r\n0\r\n\r\n');
  const response = await rig.client.response();
  assert.deepEqual([response.status, response.reason], [503, 'Closed for Repairs']);
  assert.deepEqual([field(response, 'Retry-After'), field(response, 'X-Own')], ['7', 'yes']);
  assert.equal(response.body.toString(), 'sorry, dear');
});
