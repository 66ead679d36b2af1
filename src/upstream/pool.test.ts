import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { head } from '../../test/support/message.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import { freePort } from '../../test/support/ports.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import { until, within } from '../../test/support/until.ts';
import { deafRequester, exchangeOver, outgoing, Taker } from '../../test/support/upstream-exchange.ts';
import type { BodySource } from '../http/body.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { ServerPool } from './pool.ts';
import type { UpstreamOptions } from './schema.ts';

const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');

let backend: RawBackend;
let pools: ServerPool[];
/** What was observed of servers, as `reachable` or `unreachable CODE`. */
let observed: string[];

beforeEach(async () => {
  backend = await RawBackend.start();
  pools = [];
  observed = [];
});
afterEach(() => {
  for (const pool of pools) pool.close();
  backend[Symbol.dispose]();
});

function poolOf(url: string, changes: Partial<UpstreamOptions> = {}): ServerPool {
  const pool = new ServerPool(
    upstreamServer(url),
    upstreamOptions([url], changes),
    (_, reachable, detail) => {
      observed.push(reachable ? 'reachable' : `unreachable ${detail}`);
    },
  );
  pools.push(pool);
  return pool;
}

/** A connection that has served one exchange and is kept now, with its other end. */
async function kept(pool: ServerPool): Promise<{ connection: ClientConnection; peer: RawConnection }> {
  const connection = await new Taker(pool).connection;
  const peer = await backend.accept();
  await serve(connection, peer);
  return { connection, peer };
}

async function serve(connection: ClientConnection, peer: RawConnection): Promise<void> {
  const outcome = exchangeOver(connection);
  await peer.untilText('\r\n\r\n');
  await peer.send(OK);
  assert.equal((await outcome).head?.status, 200);
}

describe('the connections to one server', () => {
  it('are made when they are wanted', async () => {
    const pool = poolOf(backend.url);
    assert.equal(pool.open, 0);
    await new Taker(pool).connection;
    await backend.accept();
    assert.equal(pool.open, 1);
  });

  it('serve one exchange after the other, the last one used first, so that the others grow old', async () => {
    const pool = poolOf(backend.url);
    const [first, second] = [await new Taker(pool).connection, await new Taker(pool).connection];
    const [firstPeer, secondPeer] = [await backend.accept(), await backend.accept()];
    await serve(second, secondPeer);
    await serve(first, firstPeer);
    assert.equal(await new Taker(pool).connection, first);
    assert.equal(await new Taker(pool).connection, second);
    assert.equal(pool.open, 2);
    assert.equal(first.served, 1);
  });

  it('are no more than their limit; who comes later waits, in order', async () => {
    const pool = poolOf(backend.url, { pool: { max: 1, idleTimeout: 60_000 } });
    const connection = await new Taker(pool).connection;
    const peer = await backend.accept();
    const order: string[] = [];
    const inTurn = async (name: string, taker: Taker): Promise<void> => {
      const each = await taker.connection;
      order.push(name);
      await serve(each, peer);
    };
    const one = inTurn('one', new Taker(pool));
    const two = inTurn('two', new Taker(pool));
    new Taker(pool).cancel();
    const three = inTurn('three', new Taker(pool));
    await serve(connection, peer);
    await Promise.all([one, two, three]);
    assert.deepEqual(order, ['one', 'two', 'three']);
    assert.equal(pool.open, 1);
    assert.equal(backend.connections.length, 1);
  });

  it('make room for who waits also when one of them closes', async () => {
    const pool = poolOf(backend.url, { pool: { max: 1, idleTimeout: 60_000 } });
    const first = await new Taker(pool).connection;
    const waiting = new Taker(pool);
    first.destroy();
    assert.notEqual(await waiting.connection, first);
    assert.equal(pool.open, 1);
  });

  it('are not theirs any more when they have become tunnels, which the server is still busy with', async () => {
    const pool = poolOf(backend.url);
    const connection = await new Taker(pool).connection;
    const peer = await backend.accept();
    const { promise, resolve } = Promise.withResolvers<BodySource>();
    connection.send({ ...outgoing(), upgrade: 'websocket' }, null, {
      ...deafRequester,
      switched: (_head, body) => resolve(body),
    });
    await peer.untilText('\r\n\r\n');
    await peer.send(head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'));
    const body = await within(10_000, 'the tunnel', promise);
    assert.deepEqual([pool.open, pool.busy], [0, 1]);
    body.cancel();
    await until(() => pool.busy === 0, { what: 'the tunnel is closed' });
    assert.equal(pool.open, 0);
  });

  it('are waited for as long as connecting may take', async () => {
    const pool = poolOf(backend.url, {
      pool: { max: 1, idleTimeout: 60_000 },
      timeouts: { connect: 200, firstByte: 60_000, idle: 60_000 },
    });
    await new Taker(pool).connection;
    assert.equal(await new Taker(pool).failure, 'upstream.queue-full');
  });

  it('are closed when they have not been used for a while', async () => {
    const pool = poolOf(backend.url, { pool: { max: 4, idleTimeout: 200 } });
    const { peer } = await kept(pool);
    assert.equal(await within(10_000, 'the end', peer.ended), 'end');
    await until(() => pool.open === 0, { what: 'the pool is empty' });
  });

  it('are closed before the server does it, where it says when', async () => {
    const pool = poolOf(backend.url);
    const { connection, peer } = await kept(pool);
    pool.noteKeepAlive({
      status: 200,
      reason: 'OK',
      version: 11,
      headers: parseFields('Keep-Alive: timeout=1'),
    });
    const next = await new Taker(pool).connection;
    assert.equal(next, connection);
    await serve(next, peer);
    assert.equal(await within(900, 'the end', peer.ended), 'end');
  });

  it('are not used when the server has closed them', async () => {
    const pool = poolOf(backend.url);
    const { connection, peer } = await kept(pool);
    peer.halfClose();
    await until(() => pool.open === 0, { what: 'the pool has noticed' });
    assert.notEqual(await new Taker(pool).connection, connection);
  });

  it('are not used from the moment on that they are being closed', async () => {
    const pool = poolOf(backend.url);
    const { connection } = await kept(pool);
    connection.destroy();
    const next = await new Taker(pool).connection;
    assert.notEqual(next, connection);
    await serve(next, await backend.accept());
  });

  it('are not used when the server has spoken out of turn', async () => {
    const pool = poolOf(backend.url);
    const { peer } = await kept(pool);
    await peer.send(OK);
    await within(10_000, 'the end', peer.ended);
    await until(() => pool.open === 0, { what: 'the pool is empty' });
  });

  it('are closed with the pool: kept ones at once, others when they are free', async () => {
    const pool = poolOf(backend.url);
    const busy = await new Taker(pool).connection;
    const busyPeer = await backend.accept();
    const { peer } = await kept(pool);
    pool.close();
    await within(10_000, 'the end of the kept one', peer.ended);
    await serve(busy, busyPeer);
    await within(10_000, 'the end of the busy one', busyPeer.ended);
    await until(() => pool.open === 0, { what: 'the pool is empty' });
  });
});

describe('a connection that cannot be made', () => {
  it('tells why', async () => {
    const port = await freePort();
    const pool = poolOf(`http://127.0.0.1:${port}`);
    assert.equal(await new Taker(pool).failure, 'upstream.connect-failed ECONNREFUSED');
    assert.equal(pool.open, 0);
  });

  it('is given up after the time for connecting', async () => {
    await using deaf = await DeafServer.start();
    const pool = poolOf(deaf.url, { timeouts: { connect: 200, firstByte: 60_000, idle: 60_000 } });
    assert.equal(await new Taker(pool).failure, 'upstream.connect-timeout');
    assert.deepEqual(observed, ['unreachable upstream.connect-timeout']);
  });

  it('is given up when nobody wants it any more, and frees its place', async () => {
    await using deaf = await DeafServer.start();
    const pool = poolOf(deaf.url, { pool: { max: 1, idleTimeout: 60_000 } });
    const taker = new Taker(pool);
    assert.equal(pool.open, 1);
    taker.cancel();
    await until(() => pool.open === 0, { what: 'its place is free' });
    assert.deepEqual(observed, []);
  });

  it('has no address to go to', async () => {
    const pool = poolOf('http://nowhere.invalid:80');
    assert.match(await new Taker(pool).failure, /^upstream\.unresolved (ENOTFOUND|EAI_AGAIN)$/);
  });
});

describe('a server', () => {
  it('may have its address in the configuration', async () => {
    const pool = poolOf(`http://Backend.Example:${backend.port}`, {
      resolve: { ...upstreamOptions([]).resolve, static: { 'backend.example': '127.0.0.1' } },
    });
    await new Taker(pool).connection;
    await backend.accept();
  });

  it('is reported once when it cannot be reached, and once when it can again', async () => {
    const port = await freePort();
    const pool = poolOf(`http://127.0.0.1:${port}`);
    await new Taker(pool).failure;
    await new Taker(pool).failure;
    assert.deepEqual(observed, ['unreachable ECONNREFUSED']);
    const revived = createServer().listen(port, '127.0.0.1');
    await once(revived, 'listening');
    (await new Taker(pool).connection).destroy();
    assert.deepEqual(observed, ['unreachable ECONNREFUSED', 'reachable']);
    revived.close();
  });
});
