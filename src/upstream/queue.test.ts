/** More requests than the servers of an upstream have room for: they wait for any of them, in their order, and not for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upstreamServer } from '../../test/support/proxy-server.ts';
import { until } from '../../test/support/until.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { QueueOptions } from './queue.ts';
import type { RetryOptions } from './retry-schema.ts';

const rig = UpstreamRig.perTest();

/** Two servers with room for one request each. */
function makeUpstream(queue: QueueOptions, retry?: RetryOptions): void {
  rig.make({ pool: { max: 1, idleTimeout: 60_000 }, queue, ...(retry && { retry }) });
}

describe('requests that no server has room for', () => {
  it('have all the places of a server that comes, not one of them', async () => {
    rig.make({
      urls: [rig.first.url],
      pool: { max: 2, idleTimeout: 60_000 },
      queue: { size: 10, timeout: 10_000 },
    });
    for (let count = 0; count < 5; count++) sendTo(rig.upstream);
    assert.equal(rig.upstream.queue.length, 3);
    rig.upstream.use([upstreamServer(rig.first.url), upstreamServer(rig.second.url)]);
    assert.equal(rig.upstream.queue.length, 1);
    await Promise.all([BackendPeer.of(rig.second), BackendPeer.of(rig.second)]);
  });

  it('wait for whichever is free first, in their order', async () => {
    makeUpstream({ size: 10, timeout: 10_000 });
    const busy = [sendTo(rig.upstream), sendTo(rig.upstream)];
    const waiting = [sendTo(rig.upstream), sendTo(rig.upstream), sendTo(rig.upstream)];
    assert.equal(rig.upstream.queue.length, 3);
    const slow = await BackendPeer.of(rig.first);
    const quick = await BackendPeer.of(rig.second);
    await quick.serve();
    assert.equal(await busy[1].outcome, `200 of ${rig.second.url}`);
    for (const [i, { outcome }] of waiting.entries()) {
      await quick.serve();
      assert.equal(await outcome, `200 of ${rig.second.url}`);
      assert.equal(rig.upstream.queue.length, Math.max(0, 1 - i));
    }
    await slow.serve();
    assert.equal(await busy[0].outcome, `200 of ${rig.first.url}`);
  });

  it('are told so at once when as many wait as may', async () => {
    makeUpstream({ size: 1, timeout: 10_000 });
    const served = [sendTo(rig.upstream), sendTo(rig.upstream), sendTo(rig.upstream)];
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.queue-full');
    await (await BackendPeer.of(rig.second)).serve();
    const peer = await BackendPeer.of(rig.first);
    await peer.serve();
    await until(() => rig.upstream.queue.length === 0, { what: 'the queue is empty' });
    served[2].call.cancel();
  });

  it('are told so at once where none may wait', async () => {
    makeUpstream({ size: 0, timeout: 10_000 });
    sendTo(rig.upstream);
    sendTo(rig.upstream);
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.queue-full');
  });

  it('are told so when they have waited for too long, and the others wait on', async () => {
    makeUpstream({ size: 10, timeout: 200 });
    sendTo(rig.upstream);
    sendTo(rig.upstream);
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.queue-full');
    assert.equal(rig.upstream.queue.length, 0);
  });

  it('leave the queue when their client goes', async () => {
    makeUpstream({ size: 1, timeout: 10_000 });
    const busy = [sendTo(rig.upstream), sendTo(rig.upstream)];
    sendTo(rig.upstream).call.cancel();
    assert.equal(rig.upstream.queue.length, 0);
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.first);
    await peer.serve();
    await peer.serve();
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    busy[1].call.cancel();
  });

  it('let others go first who can use the room, as they have been at that server already', async () => {
    const retry = { attempts: 3, reset: true, timeout: false, statuses: [], budget: 1, within: 0 };
    makeUpstream({ size: 10, timeout: 10_000 }, retry);
    const failing = sendTo(rig.upstream);
    const elsewhere = sendTo(rig.upstream);
    const broken = await BackendPeer.of(rig.first);
    await broken.request();
    const busy = await BackendPeer.of(rig.second);
    broken.connection.reset();
    await until(() => rig.upstream.queue.length === 1, { what: 'it waits for the other server' });
    const next = await until(
      () => {
        const sent = sendTo(rig.upstream);
        if (rig.upstream.queue.length === 1) return sent;
        sent.call.cancel();
        return false;
      },
      { what: 'the first server has room' },
    );
    const last = sendTo(rig.upstream);
    assert.equal(rig.upstream.queue.length, 2);
    const peer = await BackendPeer.of(rig.first);
    await peer.serve();
    assert.equal(await next.outcome, `200 of ${rig.first.url}`);
    await peer.serve();
    assert.equal(await last.outcome, `200 of ${rig.first.url}`);
    assert.equal(rig.upstream.queue.length, 1);
    await busy.serve();
    assert.equal(await elsewhere.outcome, `200 of ${rig.second.url}`);
    await busy.serve();
    assert.equal(await failing.outcome, `200 of ${rig.second.url}`);
  });

  it('are served over a new connection when a busy one breaks', async () => {
    makeUpstream({ size: 1, timeout: 10_000 });
    const broken = sendTo(rig.upstream);
    const busy = sendTo(rig.upstream);
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.first);
    await peer.request();
    peer.connection.reset();
    assert.equal(await broken.outcome, 'upstream.reset');
    await (await BackendPeer.of(rig.first)).serve();
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    busy.call.cancel();
  });
});
