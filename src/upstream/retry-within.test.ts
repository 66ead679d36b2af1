/** The time that all tries of a request have together, until an answer begins. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { head } from '../../test/support/message.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { BodySink, BodySource } from '../http/body.ts';
import type { UpstreamOptions } from './schema.ts';

/** No time but the one that is tested ends anything. */
const TIMEOUTS = { connect: 60_000, firstByte: 60_000, idle: 60_000 };

const rig = UpstreamRig.perTest();

function makeUpstream(time: number, urls?: readonly string[], changes: Partial<UpstreamOptions> = {}): void {
  const retry = { attempts: 3, reset: true, timeout: true, statuses: [], budget: 0.2, within: time };
  rig.make({ urls, retry, timeouts: TIMEOUTS, queue: { size: 9, timeout: 0 }, ...changes });
}

/** A request that is never answered ends: then the time of every earlier one is up, too. */
async function untilTimeIsUp(): Promise<void> {
  assert.equal(await sendTo(rig.upstream).outcome, 'upstream.total-timeout');
}

it('ends a request that was sent and is not answered, whatever the method', async () => {
  makeUpstream(200);
  for (const method of ['GET', 'POST']) {
    assert.equal(await sendTo(rig.upstream, { method }).outcome, 'upstream.total-timeout');
  }
  assert.deepEqual([rig.first.connections.length, rig.second.connections.length], [1, 1]);
});

it('is one time for all tries', async () => {
  makeUpstream(1500);
  const { outcome } = sendTo(rig.upstream);
  const breaking = await BackendPeer.of(rig.first);
  await breaking.request();
  breaking.connection.reset();
  await (await BackendPeer.of(rig.second)).request();
  assert.equal(await outcome, 'upstream.total-timeout');
});

it('leaves each try the time that this has: what ends first is the reason', async () => {
  makeUpstream(60_000, [rig.first.url], { timeouts: { ...TIMEOUTS, firstByte: 200 } });
  assert.equal(await sendTo(rig.upstream).outcome, 'upstream.first-byte-timeout');
});

it('ends the wait for a connection', async () => {
  await using deaf = await DeafServer.start();
  makeUpstream(200, [deaf.url]);
  assert.equal(await sendTo(rig.upstream).outcome, 'upstream.total-timeout');
});

it('ends the wait for a server with room', async () => {
  makeUpstream(200, [rig.first.url], { pool: { max: 1, idleTimeout: 60_000 } });
  const outcomes = [sendTo(rig.upstream).outcome, sendTo(rig.upstream).outcome];
  assert.deepEqual(await Promise.all(outcomes), ['upstream.total-timeout', 'upstream.total-timeout']);
  assert.equal(rig.upstream.queue.length, 0);
});

it('is over when an answer begins', async () => {
  makeUpstream(500);
  const { responded, outcome } = sendTo(rig.upstream);
  const peer = await BackendPeer.of(rig.first);
  await peer.request();
  await peer.connection.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}h`);
  assert.equal(await responded, 200);
  await untilTimeIsUp();
  await peer.connection.send('ello');
  assert.equal(await outcome, `200 of ${rig.first.url}`);
});

it('does not count while a client sends the body', async () => {
  makeUpstream(500);
  const { promise: asked, resolve } = Promise.withResolvers<BodySink>();
  const body: BodySource = {
    length: 5,
    trailers: undefined,
    flow: resolve,
    resume: () => {},
    cancel: () => {},
  };
  const { outcome } = sendTo(rig.upstream, { method: 'POST', body });
  const sink = await asked;
  const peer = await BackendPeer.of(rig.first);
  await untilTimeIsUp();
  sink.data(Buffer.from('hello'));
  sink.end();
  await peer.connection.untilText('hello');
  await peer.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  assert.equal(await outcome, `200 of ${rig.first.url}`);
});
