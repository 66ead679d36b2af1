/** Answers with a status that is a reason to ask another server: none is thrown away before that one has the request. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { head } from '../../test/support/message.ts';
import { freePort } from '../../test/support/ports.ts';
import { within } from '../../test/support/until.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { RetryOptions } from './retry-schema.ts';
import type { UpstreamOptions } from './schema.ts';

const RETRY: RetryOptions = {
  attempts: 3,
  reset: true,
  timeout: false,
  statuses: [502, 503, 504],
  budget: 0.2,
  within: 0,
};
const UNAVAILABLE = '503 Service Unavailable';

const rig = UpstreamRig.perTest();

function makeUpstream(urls: readonly string[], changes: Partial<UpstreamOptions> = {}): void {
  rig.make({ urls, retry: RETRY, ...changes });
}

it('is not passed on while another server may know better; its connection is used again', async () => {
  makeUpstream([rig.first.url, rig.second.url]);
  const asked = sendTo(rig.upstream);
  const unavailable = await BackendPeer.of(rig.first);
  await unavailable.serve(UNAVAILABLE);
  const other = await BackendPeer.of(rig.second);
  await other.serve();
  assert.equal(await asked.outcome, `200 of ${rig.second.url}`);
  for (const peer of [other, unavailable]) {
    const { outcome } = sendTo(rig.upstream);
    await peer.serve();
    assert.match(await outcome, /^200/);
  }
  assert.deepEqual([rig.first.connections.length, rig.second.connections.length], [1, 1]);
});

it('is passed on as it is when there is no other server', async () => {
  makeUpstream([rig.first.url, rig.second.url]);
  const { outcome } = sendTo(rig.upstream);
  for (const backend of [rig.first, rig.second]) await (await BackendPeer.of(backend)).serve(UNAVAILABLE);
  assert.equal(await outcome, `503 of ${rig.second.url}`);
});

it('is passed on as it is where the request must not be sent twice, and where it is no reason', async () => {
  makeUpstream([rig.first.url, rig.second.url]);
  const post = sendTo(rig.upstream, { method: 'POST' });
  await (await BackendPeer.of(rig.first)).serve(UNAVAILABLE);
  assert.equal(await post.outcome, `503 of ${rig.first.url}`);
  const broken = sendTo(rig.upstream);
  await (await BackendPeer.of(rig.second)).serve('500 Internal Server Error');
  assert.equal(await broken.outcome, `500 of ${rig.second.url}`);
});

it('is passed on at once when the other server has no room', async () => {
  makeUpstream([rig.first.url, rig.second.url], { pool: { max: 1, idleTimeout: 60_000 } });
  const asked = sendTo(rig.upstream);
  const unavailable = await BackendPeer.of(rig.first);
  await unavailable.request();
  const busy = sendTo(rig.upstream);
  const other = await BackendPeer.of(rig.second);
  await other.request();
  await unavailable.connection.send(head(`HTTP/1.1 ${UNAVAILABLE}`, 'Content-Length: 0'));
  assert.equal(await asked.outcome, `503 of ${rig.first.url}`);
  assert.equal(rig.upstream.queue.length, 0);
  await other.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  assert.equal(await busy.outcome, `200 of ${rig.second.url}`);
});

it('is passed on, its body whole, when no connection to any other server can be made', async () => {
  const dead = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  makeUpstream([rig.first.url, ...dead]);
  const { outcome } = sendTo(rig.upstream);
  const unavailable = await BackendPeer.of(rig.first);
  await unavailable.request();
  await unavailable.connection.send(`${head(`HTTP/1.1 ${UNAVAILABLE}`, 'Content-Length: 5')}sorry`);
  assert.equal(await outcome, `503 of ${rig.first.url}`);
});

it('is passed on when the time for all tries is up before another server has the request', async () => {
  await using deaf = await DeafServer.start();
  makeUpstream([rig.first.url, deaf.url], {
    retry: { ...RETRY, within: 1500 },
    timeouts: { connect: 60_000, firstByte: 60_000, idle: 60_000 },
  });
  const { outcome } = sendTo(rig.upstream);
  await (await BackendPeer.of(rig.first)).serve(UNAVAILABLE);
  assert.equal(await outcome, `503 of ${rig.first.url}`);
});

it('is let go of, and its connection closed, when the client goes while it is held', async () => {
  await using deaf = await DeafServer.start();
  makeUpstream([rig.first.url, deaf.url], { timeouts: { connect: 60_000, firstByte: 60_000, idle: 60_000 } });
  const { call } = sendTo(rig.upstream);
  const unavailable = await BackendPeer.of(rig.first);
  await unavailable.request();
  await unavailable.connection.send(`${head(`HTTP/1.1 ${UNAVAILABLE}`, 'Content-Length: 5')}s`);
  await within(10_000, 'the try at the other server', untilBusy(1));
  call.cancel();
  await within(10_000, 'the end', unavailable.connection.ended);
});

/** Waits until the server of this place has a connection made to it. */
async function untilBusy(place: number): Promise<void> {
  while (rig.upstream.servers[place].active === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
