/** A server that fails is left alone for a while, and one request shows whether it is well again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort } from '../../test/support/ports.ts';
import { until } from '../../test/support/until.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { EjectOptions } from './eject-schema.ts';
import type { UpstreamOptions } from './schema.ts';

const EJECT: EjectOptions = { failures: 2, window: 10_000, for: 60_000, share: 1 };

const rig = UpstreamRig.perTest();
/** The changes that were told, other than of reachability. */
let told: string[];

function makeUpstream(
  urls: readonly string[],
  eject: Partial<EjectOptions> = {},
  changes: Partial<UpstreamOptions> = {},
): void {
  told = [];
  const setup = { urls, eject: { ...EJECT, ...eject }, ...changes };
  rig.make(setup, ({ server, state, detail }) => {
    if (state.includes('reachable')) return;
    told.push(detail === undefined ? `${server} ${state}` : `${server} ${state} ${detail}`);
  });
}

/** A request that the backend takes and breaks. */
async function broken(from = rig.first): Promise<void> {
  const { outcome } = sendTo(rig.upstream);
  const peer = await BackendPeer.of(from);
  await peer.request();
  peer.connection.reset();
  assert.equal(await outcome, 'upstream.reset');
}

async function served(from = rig.first): Promise<void> {
  const { outcome } = sendTo(rig.upstream);
  await (await BackendPeer.of(from)).serve('200 OK', 'Connection: close');
  assert.equal(await outcome, `200 of ${from.url}`);
}

describe('a server that fails several times in a row', () => {
  it('gets no requests any more, and that is told once', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    makeUpstream([dead, rig.first.url]);
    for (let request = 0; request < 6; request++) await served();
    assert.deepEqual(told, [`${dead} ejected ECONNREFUSED`]);
  });

  it('is not ejected when it answers in between, even with an error', async () => {
    makeUpstream([rig.first.url]);
    for (let round = 0; round < 3; round++) {
      await broken();
      const { outcome } = sendTo(rig.upstream);
      await (await BackendPeer.of(rig.first)).serve('500 Internal Server Error', 'Connection: close');
      assert.equal(await outcome, `500 of ${rig.first.url}`);
    }
    assert.deepEqual(told, []);
  });

  it('is not ejected for what a client did', async () => {
    makeUpstream([rig.first.url]);
    for (let request = 0; request < 3; request++) {
      const { call } = sendTo(rig.upstream);
      const peer = await BackendPeer.of(rig.first);
      await peer.request();
      call.cancel();
    }
    await served();
    assert.deepEqual(told, []);
  });

  it('is not ejected when too many are', async () => {
    makeUpstream([rig.first.url, rig.second.url], { failures: 1, share: 0.5 });
    await broken();
    assert.deepEqual(told, [`${rig.first.url} ejected upstream.reset`]);
    await broken(rig.second);
    await served(rig.second);
    assert.equal(told.length, 1);
  });
});

describe('an upstream all of whose servers are ejected', () => {
  it('answers at once, and says when to ask again', async () => {
    makeUpstream([rig.first.url], { failures: 1, for: 30_000 });
    await broken();
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.no-server');
    assert.ok(rig.upstream.retryAfter > 25 && rig.upstream.retryAfter <= 30, String(rig.upstream.retryAfter));
    assert.equal(rig.first.connections.length, 1);
  });
});

describe('a server whose time is up', () => {
  /** Eject the server, and wait until it may be tried. */
  async function due(): Promise<void> {
    makeUpstream([rig.first.url], { failures: 1, for: 200 });
    await broken();
    await until(() => rig.upstream.hasServerBeside([]), { what: 'it may be tried' });
  }

  it('is tried with one request alone, and has returned when that is answered', async () => {
    await due();
    const { outcome } = sendTo(rig.upstream);
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.no-server');
    await (await BackendPeer.of(rig.first)).serve('200 OK', 'Connection: close');
    assert.equal(await outcome, `200 of ${rig.first.url}`);
    assert.deepEqual(told, [`${rig.first.url} ejected upstream.reset`, `${rig.first.url} returned`]);
    await served();
  });

  it('is left alone again when that one fails, which is not told again', async () => {
    await due();
    await broken();
    assert.equal(await sendTo(rig.upstream).outcome, 'upstream.no-server');
    await until(() => rig.upstream.hasServerBeside([]), { what: 'it may be tried again' });
    await served();
    assert.deepEqual(told, [`${rig.first.url} ejected upstream.reset`, `${rig.first.url} returned`]);
  });

  it('is tried with the next one when the client of that one goes', async () => {
    await due();
    const { call } = sendTo(rig.upstream);
    await (await BackendPeer.of(rig.first)).request();
    call.cancel();
    await served();
    assert.equal(told.length, 2);
  });
});
