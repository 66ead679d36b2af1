/** A server whose requests fail too often gets none for a while, also when it is the only one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort } from '../../test/support/ports.ts';
import { Tap } from '../../test/support/tap.ts';
import { until } from '../../test/support/until.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import { coarseNow } from '../core/deadline.ts';
import type { BreakerOptions } from './breaker-schema.ts';
import type { UpstreamOptions } from './schema.ts';

const BREAKER: BreakerOptions = {
  failures: 0.5,
  requests: 2,
  window: 10_000,
  open: 60_000,
  maxOpen: 60_000,
  halfOpen: 1,
  statuses: [{ from: 502, to: 504 }],
  slow: 0,
};

const rig = UpstreamRig.perTest();
/** The changes that were told, other than of reachability. */
let told: string[];

function makeUpstream(
  urls: readonly string[],
  breaker: Partial<BreakerOptions> = {},
  changes: Partial<UpstreamOptions> = {},
): void {
  told = [];
  const setup = { urls, breaker: { ...BREAKER, ...breaker }, ...changes };
  rig.make(setup, ({ state, detail, explanation }) => {
    if (state.includes('reachable')) return;
    told.push([state, detail, explanation].filter((part) => part !== undefined).join(' '));
  });
}

async function answered(status: string, from = rig.first): Promise<void> {
  const { outcome } = sendTo(rig.upstream);
  await (await BackendPeer.of(from)).serve(status, 'Connection: close');
  assert.equal(await outcome, `${status.slice(0, 3)} of ${from.url}`);
}

const refused = async (): Promise<void> =>
  assert.equal(await sendTo(rig.upstream).outcome, 'upstream.circuit-open');

describe('a circuit opens', () => {
  it('by the statuses that are failures, and says by how many', async () => {
    makeUpstream([rig.first.url]);
    await answered('200 OK');
    await answered('503 Service Unavailable');
    assert.deepEqual(told, ['circuit-open status 503 1 of 2 requests failed']);
    await refused();
    assert.equal(rig.first.connections.length, 2);
  });

  it('not by other statuses', async () => {
    makeUpstream([rig.first.url]);
    await answered('500 Internal Server Error');
    await answered('500 Internal Server Error');
    await answered('505 HTTP Version Not Supported');
    assert.deepEqual(told, []);
  });

  it('by connections that break, and those that cannot be made', async () => {
    makeUpstream([`http://127.0.0.1:${await freePort()}`]);
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.connect-failed');
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.connect-failed');
    await refused();
    assert.deepEqual(told, ['circuit-open ECONNREFUSED 2 of 2 requests failed']);
  });

  it('by answers that do not begin in time', async () => {
    const timeouts = { connect: 10_000, firstByte: 100, idle: 10_000 };
    makeUpstream([rig.first.url], { requests: 1 }, { timeouts });
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.first-byte-timeout');
    await refused();
    assert.deepEqual(told, ['circuit-open upstream.first-byte-timeout 1 of 1 requests failed']);
  });

  it('by answers that are slow, which clients get all the same', async () => {
    makeUpstream([rig.first.url], { requests: 1, slow: 100 });
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.first);
    await peer.request();
    const received = coarseNow();
    await until(() => coarseNow() - received > 100, { what: 'the server is slow' });
    await peer.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    assert.deepEqual(told, ['circuit-open slow 1 of 1 requests failed']);
  });

  it('not by the time that a client takes for its body', async () => {
    makeUpstream([rig.first.url], { requests: 1, slow: 100 });
    const body = new Tap(4);
    const { outcome } = sendTo(rig.upstream, { method: 'POST', body });
    const peer = await BackendPeer.of(rig.first);
    await peer.request();
    const begun = coarseNow();
    await until(() => coarseNow() - begun > 200, { what: 'the client is slow' });
    await body.push('body');
    body.sink?.end();
    await peer.connection.untilText('body');
    await peer.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    assert.deepEqual(told, []);
  });

  it('not by an answer that came before the end of a body', async () => {
    makeUpstream([rig.first.url], { requests: 1, slow: 100 });
    const { outcome } = sendTo(rig.upstream, { method: 'POST', body: new Tap(4) });
    const peer = await BackendPeer.of(rig.first);
    await peer.request();
    const begun = coarseNow();
    await until(() => coarseNow() - begun > 200, { what: 'the client is slow' });
    await peer.connection.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
    assert.equal(await outcome, `413 of ${rig.first.url}`);
    assert.deepEqual(told, []);
  });

  it('not by what a client did', async () => {
    makeUpstream([rig.first.url], { requests: 1 });
    const { call } = sendTo(rig.upstream);
    await (await BackendPeer.of(rig.first)).request();
    call.cancel();
    await answered('200 OK');
    assert.deepEqual(told, []);
  });

  it('no more where the server has been removed, whatever comes of its last requests', async () => {
    makeUpstream([rig.first.url, rig.second.url], { requests: 1, open: 1 });
    const { outcome } = sendTo(rig.upstream);
    const peer = await BackendPeer.of(rig.first);
    await peer.request();
    await rig.upstream.obey({ type: 'remove', url: rig.first.url });
    peer.connection.reset();
    assert.equal(await outcome, 'upstream.reset');
    assert.deepEqual(told, []);
  });

  it('for that server alone', async () => {
    makeUpstream([rig.first.url, rig.second.url], { requests: 1 });
    await answered('502 Bad Gateway');
    await answered('200 OK', rig.second);
    await answered('200 OK', rig.second);
  });
});

describe('while a circuit is open', () => {
  it('clients are told when to ask again', async () => {
    makeUpstream([rig.first.url], { requests: 1, open: 30_000 });
    await answered('503 Service Unavailable');
    assert.ok(rig.upstream.retryAfter > 25 && rig.upstream.retryAfter <= 30, String(rig.upstream.retryAfter));
  });

  it('requests that had to wait are refused, too', async () => {
    makeUpstream([rig.first.url], { requests: 1 }, { pool: { max: 1, idleTimeout: 60_000 } });
    const busy = sendTo(rig.upstream);
    const waiting = sendTo(rig.upstream);
    await (await BackendPeer.of(rig.first)).serve('503 Service Unavailable');
    assert.equal(await busy.outcome, `503 of ${rig.first.url}`);
    assert.equal(await waiting.outcome, 'upstream.circuit-open');
  });

  it('the code is that of the ejection where the server is ejected besides', async () => {
    const eject = { failures: 1, window: 10_000, for: 60_000, share: 1 };
    makeUpstream([`http://127.0.0.1:${await freePort()}`], { requests: 1 }, { eject });
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.connect-failed');
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.no-server');
    assert.deepEqual(told, ['ejected ECONNREFUSED', 'circuit-open ECONNREFUSED 1 of 1 requests failed']);
  });
});

describe('a circuit that is half-open', () => {
  async function halfOpen(): Promise<void> {
    makeUpstream([rig.first.url], { requests: 1, open: 200, maxOpen: 200 });
    await answered('503 Service Unavailable');
    await until(() => rig.upstream.hasServerBeside([]), { what: 'it may be tried' });
    assert.deepEqual(told.splice(0), ['circuit-open status 503 1 of 1 requests failed', 'circuit-half-open']);
  }

  it('lets one request through, and closes when that goes well', async () => {
    await halfOpen();
    const { outcome } = sendTo(rig.upstream);
    await refused();
    await (await BackendPeer.of(rig.first)).serve('200 OK', 'Connection: close');
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    assert.deepEqual(told, ['circuit-closed']);
    await answered('200 OK');
  });

  it('opens again when that fails', async () => {
    await halfOpen();
    await answered('504 Gateway Timeout');
    await refused();
    assert.deepEqual(told, ['circuit-open status 504']);
  });

  it('lets another one through when its client goes', async () => {
    await halfOpen();
    const { call } = sendTo(rig.upstream);
    await (await BackendPeer.of(rig.first)).request();
    call.cancel();
    await answered('200 OK');
    assert.deepEqual(told, ['circuit-closed']);
  });
});
