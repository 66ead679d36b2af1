/**
 * A request that failed goes to another server, if that can do no harm: a request that must not arrive twice is never sent
 * twice, and a server that fails does not become a flood for the others. The backends count what they get.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { head } from '../../test/support/message.ts';
import { freePort } from '../../test/support/ports.ts';
import type { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { bodyOf } from '../../test/support/upstream-exchange.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { BodySource } from '../http/body.ts';
import type { RetryOptions } from './retry-schema.ts';
import type { UpstreamOptions } from './schema.ts';

const RETRY: RetryOptions = {
  attempts: 3,
  reset: true,
  timeout: false,
  statuses: [],
  budget: 0.2,
  within: 0,
};

const rig = UpstreamRig.perTest(3);

function makeUpstream(retry: Partial<RetryOptions> = {}, changes: Partial<UpstreamOptions> = {}): void {
  rig.make({ retry: { ...RETRY, ...retry }, ...changes });
}

/** Have this backend take the next request and break the connection. */
async function breaks(backend: RawBackend): Promise<void> {
  const peer = await BackendPeer.of(backend);
  await peer.request();
  peer.connection.reset();
}

/** How many requests have arrived at each. */
const arrived = (): number[] => rig.backends.map(({ requests }) => requests);

/** A body that is all here, and can be had again. */
const replayable = (text: string): BodySource => ({ ...bodyOf([text], text.length), replayable: true });

describe('a request whose connection broke before an answer began', () => {
  it('goes to another server where it may be sent twice (RFC 9110 §9.2.2)', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']) {
      makeUpstream();
      const { outcome } = sendTo(rig.upstream, { method });
      await breaks(rig.backends[0]);
      await (await BackendPeer.of(rig.backends[1])).serve();
      assert.equal(await outcome, `200 of ${rig.backends[1].url}`, method);
    }
    assert.deepEqual(arrived(), [6, 6, 0]);
  });

  it('is never sent again where it may not', async () => {
    makeUpstream();
    for (const [i, method] of ['POST', 'PATCH', 'LOCK', 'get'].entries()) {
      const { outcome } = sendTo(rig.upstream, { method, body: replayable('hello') });
      await breaks(rig.backends[i % 3]);
      assert.equal(await outcome, 'upstream.reset', method);
    }
    assert.deepEqual(arrived(), [2, 1, 1]);
  });

  it('brings its whole body along, where that is still here', async () => {
    makeUpstream();
    const { outcome } = sendTo(rig.upstream, { method: 'PUT', body: replayable('hello') });
    await breaks(rig.backends[0]);
    const peer = await BackendPeer.of(rig.backends[1]);
    await peer.connection.untilText('\r\n\r\nhello');
    await peer.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
    assert.equal(await outcome, `200 of ${rig.backends[1].url}`);
  });

  it('is not sent again without its body', async () => {
    makeUpstream();
    const { outcome } = sendTo(rig.upstream, { method: 'PUT', body: bodyOf(['hello'], 5) });
    await breaks(rig.backends[0]);
    assert.equal(await outcome, 'upstream.reset');
    assert.deepEqual(arrived(), [1, 0, 0]);
  });

  it('goes on as often as is allowed, and to no server twice', async () => {
    makeUpstream({ attempts: 2 });
    const twice = sendTo(rig.upstream);
    await breaks(rig.backends[0]);
    await breaks(rig.backends[1]);
    assert.equal(await twice.outcome, 'upstream.reset');
    makeUpstream({ attempts: 20 });
    const { outcome } = sendTo(rig.upstream);
    for (const backend of rig.backends) await breaks(backend);
    assert.equal(await outcome, 'upstream.reset');
    assert.deepEqual(arrived(), [2, 2, 1]);
  });

  it('goes past servers that cannot be reached, which count as no attempt', async () => {
    const dead = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const urls = [...dead, rig.backends[0].url, rig.backends[1].url];
    rig.make({ urls, retry: { ...RETRY, attempts: 2 } });
    const { outcome } = sendTo(rig.upstream);
    await breaks(rig.backends[0]);
    await (await BackendPeer.of(rig.backends[1])).serve();
    assert.equal(await outcome, `200 of ${rig.backends[1].url}`);
  });

  it('is not sent again unless that is a reason', async () => {
    makeUpstream({ reset: false });
    const { outcome } = sendTo(rig.upstream);
    await breaks(rig.backends[0]);
    assert.equal(await outcome, 'upstream.reset');
  });
});

describe('an answer that has begun', () => {
  it('is not asked for again once a byte of it has come', async () => {
    makeUpstream();
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.backends[0]);
    await peer.request();
    await peer.connection.send('H');
    peer.connection.halfClose();
    assert.equal(await outcome, 'upstream.body-incomplete');
    assert.deepEqual(arrived(), [1, 0, 0]);
  });

  it('is asked of another server when its head is all that came of it, of a length that it told', async () => {
    makeUpstream();
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.backends[0]);
    await peer.request();
    await peer.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 5'));
    peer.connection.halfClose();
    await (await BackendPeer.of(rig.backends[1])).serve();
    assert.equal(await outcome, `200 of ${rig.backends[1].url}`);
  });

  it('comes whole when its head comes alone', async () => {
    makeUpstream();
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.backends[0]);
    await peer.request();
    await peer.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 5'));
    await peer.connection.send('hello');
    assert.equal(await outcome, `200 of ${rig.backends[0].url}`);
  });

  it('is passed on at once where it has no length, such as events, or the request is sent but once', async () => {
    makeUpstream();
    for (const [i, method, field] of [
      [0, 'GET', 'Transfer-Encoding: chunked'],
      [1, 'POST', 'Content-Length: 5'],
    ] as const) {
      const { call, responded } = sendTo(rig.upstream, { method });
      const peer = await BackendPeer.of(rig.backends[i]);
      await peer.request();
      await peer.connection.send(head('HTTP/1.1 200 OK', field));
      assert.equal(await responded, 200, method);
      call.cancel();
    }
  });

  it('is not asked for again once an interim one has been passed on', async () => {
    makeUpstream({ timeout: true }, { timeouts: { connect: 10_000, firstByte: 300, idle: 10_000 } });
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.backends[0]);
    await peer.request();
    await peer.connection.send(head('HTTP/1.1 103 Early Hints'));
    assert.equal(await outcome, 'upstream.first-byte-timeout');
    assert.equal(rig.backends[1].connections.length, 0);
  });
});

describe('an answer that does not begin in time', () => {
  it('is asked of another server where that is a reason', async () => {
    const timeouts = { connect: 10_000, firstByte: 200, idle: 10_000 };
    makeUpstream({ timeout: true }, { timeouts });
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.backends[0]);
    await peer.request();
    await (await BackendPeer.of(rig.backends[1])).serve();
    assert.equal(await outcome, `200 of ${rig.backends[1].url}`);
    makeUpstream({}, { timeouts });
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.first-byte-timeout');
  });
});

describe('the budget of an upstream', () => {
  it('does not count what was with a server when that died, however much it was', async () => {
    makeUpstream({ budget: 0 }, { pool: { max: 64, idleTimeout: 60_000 } });
    const calls = Array.from({ length: 96 }, () => sendTo(rig.upstream));
    const peers = async (backend: RawBackend, count: number): Promise<BackendPeer[]> => {
      const accepted: BackendPeer[] = [];
      while (accepted.length < count) accepted.push(await BackendPeer.of(backend));
      return accepted;
    };
    const dying = await peers(rig.backends[0], 32);
    for (const peer of dying) await peer.request();
    for (const { connection } of dying) connection.reset();
    const others = [...(await peers(rig.backends[1], 48)), ...(await peers(rig.backends[2], 48))];
    await Promise.all(others.map((peer) => peer.serve()));
    const outcomes = new Set(await Promise.all(calls.map(({ outcome }) => outcome)));
    assert.deepEqual(outcomes, new Set([`200 of ${rig.backends[1].url}`, `200 of ${rig.backends[2].url}`]));
  });

  it('ends retries when they are more than their share: an outage is not made worse', async () => {
    makeUpstream({ budget: 0.1 });
    // All of them break every connection, at once.
    for (const backend of rig.backends) backend.onConnection((connection) => void breakWhenAsked(connection));
    const outcomes = [];
    for (let request = 0; request < 200; request++) outcomes.push(await sendTo(rig.upstream).outcome);
    assert.deepEqual(new Set(outcomes), new Set(['upstream.reset']));
    const sent = arrived().reduce((sum, count) => sum + count);
    // One more for each server, since one was with it when it broke for the first time.
    assert.ok(sent >= 220 && sent <= 234, `${sent} requests sent for 200`);
  });
});

async function breakWhenAsked(connection: RawConnection): Promise<void> {
  await connection.untilUnread(1);
  connection.reset();
}
