/**
 * A request is sent to one server after the other until it could be sent; and never twice where that could do harm.
 * Every backend here counts what it gets.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { freePort } from '../../test/support/ports.ts';
import { upstreamOptions } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { within } from '../../test/support/until.ts';
import { BackendPeer, sendTo, type Sent } from '../../test/support/upstream-calls.ts';
import { bodyOf } from '../../test/support/upstream-exchange.ts';
import type { BodySource } from '../http/body.ts';
import type { UpstreamOptions } from './schema.ts';
import { Upstream } from './upstream.ts';

let backend: RawBackend;
let upstream: Upstream;
/** Changes of reachability, as they were told. */
let told: string[];

function upstreamOf(urls: readonly string[], changes: Partial<UpstreamOptions> = {}): void {
  upstream = new Upstream(upstreamOptions(urls, changes), ({ server, state, detail }) => {
    told.push(`${server} ${state} ${detail}`);
  });
}

beforeEach(async () => {
  told = [];
  backend = await RawBackend.start();
  upstreamOf([backend.url]);
});
afterEach(() => {
  upstream.close();
  backend[Symbol.dispose]();
});

const send = (method = 'GET', body: BodySource | null = null): Sent => sendTo(upstream, { method, body });

const accept = (from = backend): Promise<BackendPeer> => BackendPeer.of(from);

/** Send a request that is answered, so that its connection is kept. */
async function keepOne(): Promise<BackendPeer> {
  const { outcome } = send();
  const peer = await accept();
  await peer.serve();
  assert.equal(await outcome, `200 of ${backend.url}`);
  return peer;
}

describe('a server that cannot be connected to', () => {
  it('is passed over for the next one: nothing has been sent', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    upstreamOf([dead, backend.url]);
    const { outcome } = send('POST', bodyOf(['hello'], 5));
    await (await accept()).serve();
    assert.equal(await outcome, `200 of ${backend.url}`);
    assert.deepEqual(told, [`${dead} unreachable ECONNREFUSED`]);
    assert.equal(backend.requests, 1);
  });

  it('is the answer when it is the last: the code tells how the last of them failed', async () => {
    upstreamOf([`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]);
    assert.equal(await send().outcome, 'upstream.connect-failed');
    await using deaf = await DeafServer.start();
    upstreamOf([deaf.url], { timeouts: { connect: 200, firstByte: 1, idle: 1 } });
    assert.equal(await send().outcome, 'upstream.connect-timeout');
    upstreamOf(['http://nowhere.invalid']);
    assert.equal(await send().outcome, 'upstream.unresolved');
  });
});

describe('a server that takes a request and does not answer', () => {
  it('is not asked again, and no other is, whatever the method', async () => {
    using other = await RawBackend.start();
    upstreamOf([backend.url, other.url]);
    for (const [leave, code] of [
      ['close', 'upstream.closed-early'],
      ['reset', 'upstream.reset'],
    ] as const) {
      const { outcome } = send();
      const peer = await accept();
      await peer.request();
      if (leave === 'close') peer.connection.halfClose();
      else peer.connection.reset();
      assert.equal(await outcome, code);
      const answered = send();
      await (await accept(other)).serve();
      await answered.outcome;
      upstream.close();
      upstreamOf([backend.url, other.url]);
    }
    assert.equal(backend.requests, 2);
  });

  it('is given up after a while', async () => {
    upstreamOf([backend.url], { timeouts: { connect: 10_000, firstByte: 200, idle: 10_000 } });
    assert.equal(await send().outcome, 'upstream.first-byte-timeout');
    assert.equal(backend.requests, 1);
  });

  it('is given up after a while also over a kept connection: it is slow, and another request would not be faster', async () => {
    upstreamOf([backend.url], { timeouts: { connect: 10_000, firstByte: 200, idle: 10_000 } });
    await keepOne();
    assert.equal(await send().outcome, 'upstream.first-byte-timeout');
    assert.equal(backend.requests, 2);
  });
});

describe('a kept connection that the server closes just when it is used', () => {
  /** What becomes of a request that meets such a connection. */
  async function meetsStale(
    method: string,
    body: BodySource | null = null,
  ): Promise<{ outcome: Promise<string> }> {
    const stale = await keepOne();
    const { outcome } = send(method, body);
    await stale.request();
    stale.connection.reset();
    return { outcome };
  }

  it('is replaced, for a method that may be sent twice (RFC 9110 §9.2.2)', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']) {
      const { outcome } = await meetsStale(method);
      await (await accept()).serve();
      assert.equal(await outcome, `200 of ${backend.url}`, method);
      upstream.close();
      upstreamOf([backend.url]);
    }
  });

  it('is the end of it for any other method: nobody knows whether it arrived', async () => {
    for (const method of ['POST', 'PATCH', 'LOCK', 'get']) {
      const { outcome } = await meetsStale(method);
      assert.equal(await outcome, 'upstream.reset', method);
    }
    assert.equal(backend.requests, 8);
  });

  it('is the end of it for a request with a body: that has been read away', async () => {
    for (const method of ['GET', 'PUT']) {
      const { outcome } = await meetsStale(method, bodyOf(['hello'], 5));
      assert.equal(await outcome, 'upstream.reset', method);
    }
    assert.equal(backend.requests, 4);
  });

  it('is the end of it once a byte of an answer has come', async () => {
    const stale = await keepOne();
    const { outcome } = send();
    await stale.request();
    await stale.connection.send('H');
    stale.connection.halfClose();
    assert.equal(await outcome, 'upstream.body-incomplete');
    assert.equal(backend.requests, 2);
  });

  for (const max of [16, 4]) {
    it(`is replaced by a new one, not by another that may be as old, where the pool has ${max} at most`, async () => {
      upstreamOf([backend.url], { pool: { max, idleTimeout: 60_000 } });
      const calls = Array.from({ length: 4 }, () => send());
      const old = await Promise.all(calls.map(() => accept()));
      await Promise.all(old.map((peer) => peer.serve()));
      await Promise.all(calls.map(({ outcome }) => outcome));
      // Each is reset when it is used again, as a firewall does that has forgotten it.
      for (const { connection } of old) connection.socket.on('data', () => connection.reset());
      const { outcome } = send();
      await (await accept()).serve();
      assert.equal(await outcome, `200 of ${backend.url}`);
    });
  }

  it('is given up when a new one does no better', async () => {
    const { outcome } = await meetsStale('GET');
    const fresh = await accept();
    await fresh.request();
    fresh.connection.halfClose();
    assert.equal(await outcome, 'upstream.closed-early');
    assert.equal(backend.requests, 3);
  });
});

describe('a call that nobody waits for any more', () => {
  it('closes its connection, so that the server can stop', async () => {
    const { call } = send();
    const peer = await accept();
    await peer.request();
    call.cancel();
    await within(10_000, 'the end', peer.connection.ended);
  });

  it('leaves the queue, and the connection to the others', async () => {
    upstreamOf([backend.url], { pool: { max: 1, idleTimeout: 60_000 } });
    const first = send();
    const peer = await accept();
    const gone = send();
    const next = send();
    gone.call.cancel();
    await peer.serve();
    await first.outcome;
    await peer.serve();
    await next.outcome;
    assert.equal(backend.requests, 2);
  });

  it('does nothing to a connection that serves another by now', async () => {
    const first = send();
    const peer = await accept();
    await peer.serve();
    await first.outcome;
    const second = send();
    first.call.cancel();
    await peer.serve();
    assert.equal(await second.outcome, `200 of ${backend.url}`);
  });
});
