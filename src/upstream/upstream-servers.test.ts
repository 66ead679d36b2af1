import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { exchangeOf } from '../../test/support/exchange.ts';
import { head } from '../../test/support/message.ts';
import { upstreamServer } from '../../test/support/proxy-server.ts';
import { exchangeOver, Taker } from '../../test/support/upstream-exchange.ts';
import { UpstreamRig } from '../../test/support/upstream-rig.ts';
import type { UpstreamServer } from './schema.ts';
import type { ServerState } from './server-state.ts';

const ORIGIN = exchangeOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');

const rig = UpstreamRig.perTest();

beforeEach(() => rig.make({ urls: [rig.first.url] }));

const chosen = (): ServerState => rig.upstream.choose(ORIGIN, []) as ServerState;

describe('the servers of an upstream', () => {
  it('come and go; those that stay keep their connections', async () => {
    const before = chosen();
    const connection = await new Taker(before.pool).connection;
    const outcome = exchangeOver(connection);
    const peer = await rig.first.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(OK);
    await outcome;
    rig.upstream.use([upstreamServer(rig.second.url), upstreamServer(rig.first.url)]);
    const both = [chosen(), chosen()];
    assert.deepEqual(new Set(both.map(({ id }) => id)), new Set([rig.first.url, rig.second.url]));
    const stayed = both.find(({ id }) => id === rig.first.url) as ServerState;
    assert.equal(stayed, before);
    assert.equal(await new Taker(stayed.pool).connection, connection);
  });

  it('finish what they have begun when they go, then close', async () => {
    const gone = chosen();
    const connection = await new Taker(gone.pool).connection;
    const outcome = exchangeOver(connection);
    const peer = await rig.first.accept();
    await peer.untilText('\r\n\r\n');
    const idle = await new Taker(gone.pool).connection;
    const idlePeer = await rig.first.accept();
    const idleOutcome = exchangeOver(idle);
    await idlePeer.untilText('\r\n\r\n');
    await idlePeer.send(OK);
    await idleOutcome;
    rig.upstream.use([upstreamServer(rig.second.url)]);
    assert.deepEqual([chosen().id, chosen().id], [rig.second.url, rig.second.url]);
    assert.equal(await idlePeer.ended, 'end');
    await peer.send(OK);
    assert.equal((await outcome).head?.status, 200);
    assert.equal(await peer.ended, 'end');
    assert.equal(gone.pool.open <= 1, true);
  });

  it('send those elsewhere who wait for a connection when they go', async () => {
    rig.make({ urls: [rig.first.url], pool: { max: 1, idleTimeout: 60_000 } });
    const gone = chosen();
    await new Taker(gone.pool).connection;
    const waiting = new Taker(gone.pool);
    rig.upstream.use([]);
    assert.equal(await waiting.failure, 'upstream.no-server');
    assert.equal(rig.upstream.choose(ORIGIN, []), undefined);
    assert.equal(rig.upstream.hasServerBeside([]), false);
  });

  it('keep all they have when they come with another weight, or as backups', async () => {
    const before = chosen();
    await new Taker(before.pool).connection;
    for (const [weight, backup] of [
      [5, false],
      [5, true],
      [1, false],
    ] as const) {
      rig.upstream.use([upstreamServer(rig.first.url, weight, backup)]);
      assert.equal(chosen(), before);
      assert.deepEqual([before.weight, before.server.backup, before.pool.open], [weight, backup, 1]);
    }
  });

  it('are others when another name stands for the same address', () => {
    const at = (authority: string): UpstreamServer => ({ ...upstreamServer(rig.first.url), authority });
    rig.upstream.use([at('one.test')]);
    const before = chosen();
    rig.upstream.use([at('other.test')]);
    assert.notEqual(chosen(), before);
    assert.equal(chosen().server.authority, 'other.test');
  });

  it('may all be backups, or none', () => {
    rig.upstream.use([{ ...upstreamServer(rig.first.url), backup: true }]);
    assert.equal(chosen().id, rig.first.url);
    rig.upstream.use([upstreamServer(rig.first.url)]);
    assert.equal(chosen().id, rig.first.url);
    rig.upstream.use([{ ...upstreamServer(rig.first.url), backup: true }, upstreamServer(rig.second.url)]);
    assert.deepEqual([chosen().id, chosen().id], [rig.second.url, rig.second.url]);
  });
});
