import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { exchangeOf } from '../../test/support/exchange.ts';
import { head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { exchangeOver, Taker } from '../../test/support/upstream-exchange.ts';
import type { UpstreamServer } from './schema.ts';
import type { ServerState } from './server-state.ts';
import { Upstream } from './upstream.ts';

const ORIGIN = exchangeOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');

let first: RawBackend;
let second: RawBackend;
let upstream: Upstream;

beforeEach(async () => {
  first = await RawBackend.start();
  second = await RawBackend.start();
  upstream = new Upstream(upstreamOptions([first.url]), () => {});
});
afterEach(() => {
  upstream.close();
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

const chosen = (): ServerState => upstream.choose(ORIGIN, []) as ServerState;

describe('the servers of an upstream', () => {
  it('come and go; those that stay keep their connections', async () => {
    const before = chosen();
    const connection = await new Taker(before.pool).connection;
    const outcome = exchangeOver(connection);
    const peer = await first.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(OK);
    await outcome;
    upstream.use([upstreamServer(second.url), upstreamServer(first.url)]);
    const both = [chosen(), chosen()];
    assert.deepEqual(new Set(both.map(({ id }) => id)), new Set([first.url, second.url]));
    const stayed = both.find(({ id }) => id === first.url) as ServerState;
    assert.equal(stayed, before);
    assert.equal(await new Taker(stayed.pool).connection, connection);
  });

  it('finish what they have begun when they go, then close', async () => {
    const gone = chosen();
    const connection = await new Taker(gone.pool).connection;
    const outcome = exchangeOver(connection);
    const peer = await first.accept();
    await peer.untilText('\r\n\r\n');
    const idle = await new Taker(gone.pool).connection;
    const idlePeer = await first.accept();
    const idleOutcome = exchangeOver(idle);
    await idlePeer.untilText('\r\n\r\n');
    await idlePeer.send(OK);
    await idleOutcome;
    upstream.use([upstreamServer(second.url)]);
    assert.deepEqual([chosen().id, chosen().id], [second.url, second.url]);
    assert.equal(await idlePeer.ended, 'end');
    await peer.send(OK);
    assert.equal((await outcome).head?.status, 200);
    assert.equal(await peer.ended, 'end');
    assert.equal(gone.pool.open <= 1, true);
  });

  it('send those elsewhere who wait for a connection when they go', async () => {
    const options = upstreamOptions([first.url], { pool: { max: 1, idleTimeout: 60_000 } });
    upstream = new Upstream(options, () => {});
    const gone = chosen();
    await new Taker(gone.pool).connection;
    const waiting = new Taker(gone.pool);
    upstream.use([]);
    assert.equal(await waiting.failure, 'upstream.no-server');
    assert.equal(upstream.choose(ORIGIN, []), undefined);
    assert.equal(upstream.hasServerBeside([]), false);
  });

  it('keep all they have when they come with another weight, or as backups', async () => {
    const before = chosen();
    await new Taker(before.pool).connection;
    for (const [weight, backup] of [
      [5, false],
      [5, true],
      [1, false],
    ] as const) {
      upstream.use([upstreamServer(first.url, weight, backup)]);
      assert.equal(chosen(), before);
      assert.deepEqual([before.weight, before.server.backup, before.pool.open], [weight, backup, 1]);
    }
  });

  it('are others when another name stands for the same address', () => {
    const at = (authority: string): UpstreamServer => ({ ...upstreamServer(first.url), authority });
    upstream.use([at('one.test')]);
    const before = chosen();
    upstream.use([at('other.test')]);
    assert.notEqual(chosen(), before);
    assert.equal(chosen().server.authority, 'other.test');
  });

  it('may all be backups, or none', () => {
    upstream.use([{ ...upstreamServer(first.url), backup: true }]);
    assert.equal(chosen().id, first.url);
    upstream.use([upstreamServer(first.url)]);
    assert.equal(chosen().id, first.url);
    upstream.use([{ ...upstreamServer(first.url), backup: true }, upstreamServer(second.url)]);
    assert.deepEqual([chosen().id, chosen().id], [second.url, second.url]);
  });
});
