/** What an operator commands, and what becomes of the requests meanwhile. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { originOf, requestOrigin } from '../../test/support/balancer-contract.ts';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import type { UpstreamOptions } from './schema.ts';
import type { AdminState } from './server-list.ts';
import type { ServerState } from './server-state.ts';
import { Upstream } from './upstream.ts';

const origin = requestOrigin('/', '203.0.113.7');

let backends: RawBackend[];
let first: string;
let second: string;
let upstream: Upstream;
let told: string[];

beforeEach(async () => {
  backends = [await RawBackend.start(), await RawBackend.start()];
  [first, second] = backends.map(({ url }) => url);
  told = [];
});
afterEach(() => {
  upstream.close();
  for (const backend of backends) backend[Symbol.dispose]();
});

function make(changes: Partial<UpstreamOptions> = {}): void {
  upstream = new Upstream({ ...upstreamOptions([first, second]), ...changes }, ({ state }) =>
    told.push(state),
  );
}

const put = (url: string, state: AdminState): Promise<void> => upstream.obey({ type: 'state', url, state });
const weigh = (url: string, weight: number): Promise<void> => upstream.obey({ type: 'weight', url, weight });
const add = (url: string, backup = false): Promise<void> =>
  upstream.obey({ type: 'add', server: upstreamServer(url, 1, backup) });
const remove = (url: string): Promise<void> => upstream.obey({ type: 'remove', url });

/** Whom the next requests would go to, as the numbers of the backends. */
const turns = (count = 4): string =>
  Array.from({ length: count }, () => {
    const chosen = upstream.choose(origin, []);
    return chosen === undefined ? '-' : backends.findIndex(({ url }) => url === chosen.id);
  }).join('');

const stateAt = (url: string): ServerState =>
  upstream.servers.find(({ id }) => id === url) ?? assert.fail(`no ${url}`);

describe('a server that is draining or disabled', () => {
  for (const state of ['draining', 'disabled'] as const) {
    it(`is given no requests, until it is enabled: ${state}`, async () => {
      make();
      await put(first, state);
      assert.equal(turns(), '1111');
      await put(first, 'enabled');
      assert.equal(turns(), '0101');
    });

    it(`is stood in for by a backup, and leaves a 503 where there is none: ${state}`, async () => {
      make({ servers: [upstreamServer(first), upstreamServer(second, 1, true)] });
      await put(first, state);
      assert.equal(turns(), '1111');
      await put(second, state);
      assert.equal(turns(), '----');
      assert.equal(upstream.hasServerBeside([]), false);
      assert.equal(await sendTo(upstream).outcome, 'upstream.no-server');
    });

    it(`finishes what it has begun: ${state}`, async () => {
      make();
      const { outcome } = sendTo(upstream);
      const peer = await BackendPeer.of(backends[0]);
      await peer.request();
      await put(first, state);
      await peer.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      assert.equal(await outcome, `200 of ${first}`);
    });

    it(`has its own keys of a hash go elsewhere, and no others: ${state}`, async () => {
      make({ balance: { hash: 'client-ip' } });
      await add('http://10.0.0.3');
      const places = (): (string | undefined)[] =>
        Array.from({ length: 300 }, (_, n) => upstream.choose(originOf(n), [])?.id);
      const before = places();
      await put(first, state);
      const meanwhile = places();
      const moved = before.filter((url, n) => url !== meanwhile[n]);
      assert.ok(moved.length > 50 && moved.length < 150, `${moved.length} moved`);
      assert.deepEqual(new Set(moved), new Set([first]));
      await put(first, 'enabled');
      assert.deepEqual(places(), before);
    });
  }

  it('keeps the clients that stick to it while it drains, and none when it is disabled', async () => {
    make({ sticky: { cookie: 'id', secret: 's' } });
    const field = upstream.cookieFor(origin, stateAt(first)) ?? '';
    const client = requestOrigin('/', '203.0.113.7', `Cookie: ${field.split(';')[0]}`);
    await put(first, 'draining');
    assert.equal(upstream.choose(client, [])?.id, first);
    assert.equal(upstream.cookieFor(client, stateAt(first)), undefined);
    await put(second, 'disabled');
    assert.equal(upstream.choose(client, [])?.id, first);
    assert.equal(upstream.choose(origin, []), undefined);
    assert.deepEqual(
      [upstream.hasServerBeside([], client), upstream.hasServerBeside([], origin)],
      [true, false],
    );
    await put(first, 'disabled');
    assert.equal(upstream.choose(client, []), undefined);
    assert.equal(upstream.hasServerBeside([], client), false);
  });

  it('makes no client stick to it whose request it still answers', async () => {
    make({ sticky: { cookie: 'id', secret: 's' } });
    const [one, other] = [stateAt(first), stateAt(second)];
    await put(first, 'draining');
    await remove(second);
    assert.equal(upstream.cookieFor(origin, one), undefined);
    assert.equal(upstream.cookieFor(origin, other), undefined);
  });

  it('keeps its connections while it drains, and closes those that are idle when it is disabled', async () => {
    make();
    const { outcome } = sendTo(upstream);
    const peer = await BackendPeer.of(backends[0]);
    await peer.serve();
    await outcome;
    await put(first, 'draining');
    assert.equal(stateAt(first).pool.open, 1);
    await put(first, 'disabled');
    assert.equal(await peer.connection.ended, 'end');
    await put(first, 'enabled');
    const again = sendTo(upstream).outcome;
    await (await BackendPeer.of(backends[0])).serve();
    assert.equal(await again, `200 of ${first}`);
  });

  it('begins with little when it is enabled again, if it was disabled', async () => {
    make({ slowStart: 60_000 });
    await put(first, 'draining');
    await put(first, 'enabled');
    assert.equal(stateAt(first).weight, 1);
    await put(first, 'disabled');
    await put(first, 'enabled');
    assert.ok(stateAt(first).weight < 0.2);
  });

  it('does not count among those that may be ejected', async () => {
    make({ eject: { failures: 1, window: 10_000, for: 60_000, share: 0.5 } });
    await put(second, 'disabled');
    stateAt(first).failed('a reason', 0);
    assert.deepEqual([stateAt(first).ejected, turns(1)], [false, '0']);
  });
});

describe('a request for a server that is disabled', () => {
  it('goes to another while its connection is being made, and the server is not to blame', async () => {
    await using deaf = await DeafServer.start();
    make({
      servers: [upstreamServer(deaf.url), upstreamServer(second)],
      eject: { failures: 1, window: 10_000, for: 60_000, share: 1 },
    });
    const { outcome } = sendTo(upstream);
    assert.equal(stateAt(deaf.url).pool.open, 1);
    await put(deaf.url, 'disabled');
    await (await BackendPeer.of(backends[1])).serve();
    assert.equal(await outcome, `200 of ${second}`);
    assert.equal(stateAt(deaf.url).ejected, false);
    assert.deepEqual(told, []);
  });

  it('goes to another when the kept connection that it was sent over had been closed', async () => {
    make({ retry: { attempts: 1, reset: false, timeout: false, statuses: [], budget: 0, within: 0 } });
    const served = sendTo(upstream).outcome;
    const peer = await BackendPeer.of(backends[0]);
    await peer.serve();
    await served;
    await put(second, 'draining');
    const { outcome } = sendTo(upstream);
    await peer.request();
    await put(second, 'enabled');
    await put(first, 'disabled');
    peer.connection.close();
    await (await BackendPeer.of(backends[1])).serve();
    assert.equal(await outcome, `200 of ${second}`);
  });
});

describe('those in the queue', () => {
  beforeEach(() => {
    make({ servers: [upstreamServer(first)], pool: { max: 1, idleTimeout: 60_000 } });
  });

  it('have the room of a server that is added or enabled', async () => {
    sendTo(upstream);
    const waiting = [sendTo(upstream), sendTo(upstream), sendTo(upstream)];
    assert.equal(upstream.queue.length, 3);
    await add(second);
    const peer = await BackendPeer.of(backends[1]);
    await peer.request();
    assert.equal(upstream.queue.length, 2);
    await put(second, 'disabled');
    await peer.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.equal(await waiting[0].outcome, `200 of ${second}`);
    assert.equal(upstream.queue.length, 2);
    await put(second, 'enabled');
    await (await BackendPeer.of(backends[1])).serve();
    assert.equal(await waiting[1].outcome, `200 of ${second}`);
  });

  it('are told at once when no server is left to wait for', async () => {
    sendTo(upstream);
    const waiting = [sendTo(upstream), sendTo(upstream)];
    await remove(first);
    for (const { outcome } of waiting) assert.equal(await outcome, 'upstream.no-server');
  });

  it('wait on when a server goes and those that are left are busy, and so does who was on his way there', async () => {
    await add(second);
    const outcomes = [sendTo(upstream), sendTo(upstream), sendTo(upstream)].map(({ outcome }) => outcome);
    await put(first, 'disabled');
    assert.equal(upstream.queue.length, 2);
    const peer = await BackendPeer.of(backends[1]);
    for (let count = 0; count < 3; count++) await peer.serve();
    assert.deepEqual(new Set(await Promise.all(outcomes)), new Set([`200 of ${second}`]));
  });
});

describe('a server whose weight is another', () => {
  it('has its share by that', async () => {
    make();
    await weigh(second, 3);
    assert.equal(turns(8).replaceAll('1', '').length, 2);
  });

  it('keeps its connections, its share after a return and its ejection', async () => {
    make({ slowStart: 60_000, eject: { failures: 1, window: 10_000, for: 60_000, share: 1 } });
    const state = stateAt(first);
    const { outcome } = sendTo(upstream);
    await (await BackendPeer.of(backends[0])).serve();
    await outcome;
    state.startSlowly();
    state.failed('a reason', 0);
    await weigh(first, 10);
    assert.equal(stateAt(first), state);
    assert.deepEqual([state.pool.open, state.ejected, state.server.weight], [1, true, 10]);
    assert.ok(state.weight < 2);
  });
});

describe('servers that are added and removed', () => {
  it('are given requests from then on, and none any more', async () => {
    make({ servers: [upstreamServer(first)] });
    await add(second);
    assert.equal(turns(), '0101');
    await remove(first);
    assert.equal(turns(), '1111');
    await remove(second);
    assert.equal(turns(), '----');
    assert.equal(await sendTo(upstream).outcome, 'upstream.no-server');
    await add(first);
    assert.equal(turns(), '0000');
  });

  it('may be backups', async () => {
    make({ servers: [upstreamServer(first)] });
    await add(second, true);
    assert.equal(turns(), '0000');
    await put(first, 'disabled');
    assert.equal(turns(), '1111');
  });

  it('begin anew when they come again', async () => {
    make({ eject: { failures: 1, window: 10_000, for: 60_000, share: 1 } });
    stateAt(first).failed('a reason', 0);
    assert.equal(turns(), '1111');
    await remove(first);
    await add(first);
    assert.equal(turns().replaceAll('1', '').length, 2);
  });
});

describe('a snapshot', () => {
  it('says of each server what there is to know', async () => {
    make({ eject: { failures: 1, window: 10_000, for: 60_000, share: 1 } });
    const { outcome } = sendTo(upstream);
    const peer = await BackendPeer.of(backends[0]);
    await peer.request();
    await put(first, 'draining');
    await weigh(second, 3);
    stateAt(second).failed('a reason', 0);
    const known = { resolved: true, foundFor: undefined, backup: false, healthy: true };
    const busy = { url: first, weight: 1, state: 'draining', ejected: 0, active: 1, connections: 1 };
    const ejected = { url: second, weight: 3, state: 'enabled', ejected: 1, active: 0, connections: 0 };
    assert.deepEqual(upstream.snapshot(), [
      { ...known, ...busy },
      { ...known, ...ejected },
    ]);
    await peer.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await outcome;
  });
});
