// The PROXY protocol to a server. The threat: a request that goes over a connection which was announced for another client.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import { exchangeOver, Taker } from '../../test/support/upstream-exchange.ts';
import type { Peer } from '../core/peer.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { ServerPool } from './pool.ts';
import type { UpstreamOptions } from './schema.ts';

const client = (address: string, port: number): Peer => ({
  address,
  port,
  secure: false,
  destination: { address: '198.51.100.7', port: 80 },
});
const ANNA = client('192.0.2.1', 1000);
const ANNAS_OTHER = client('192.0.2.1', 1001);
const BERT = client('192.0.2.2', 1000);

let backend: RawBackend;
let pool: ServerPool;

beforeEach(async () => {
  backend = await RawBackend.start();
  pool = poolWith({});
});
afterEach(() => {
  pool.close();
  backend[Symbol.dispose]();
});

function poolWith(changes: Partial<UpstreamOptions>): ServerPool {
  const options = upstreamOptions([backend.url], { proxyProtocol: 'v1', ...changes });
  return new ServerPool(upstreamServer(backend.url), options, () => {});
}

/** One exchange over the connection; answers what came before the request. */
async function serve(connection: ClientConnection, peer: RawConnection): Promise<string> {
  const outcome = exchangeOver(connection);
  const received = await peer.untilText('\r\n\r\n');
  await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  assert.equal((await outcome).head?.status, 200);
  return received.slice(0, received.indexOf('GET '));
}

describe('a connection that is announced for a client', () => {
  it('begins with the header, and serves that client again', async () => {
    const connection = await new Taker(pool, ANNA).connection;
    const peer = await backend.accept();
    assert.equal(await serve(connection, peer), 'PROXY TCP4 192.0.2.1 198.51.100.7 1000 80\r\n');
    assert.equal(await new Taker(pool, ANNA).connection, connection);
  });

  it('is not used for another, nor for another connection of the same', async () => {
    const first = await new Taker(pool, ANNA).connection;
    await serve(first, await backend.accept());
    for (const [other, announced] of [
      [BERT, 'PROXY TCP4 192.0.2.2 198.51.100.7 1000 80\r\n'],
      [ANNAS_OTHER, 'PROXY TCP4 192.0.2.1 198.51.100.7 1001 80\r\n'],
      [undefined, 'PROXY UNKNOWN\r\n'],
    ] as const) {
      const connection = await new Taker(pool, other).connection;
      assert.notEqual(connection, first);
      assert.equal(await serve(connection, await backend.accept()), announced);
    }
    assert.equal(pool.open, 4);
    assert.equal(await new Taker(pool, ANNA).connection, first);
  });

  it('makes room for another client when there is no more: an idle one at once, a busy one when it is free', async () => {
    pool = poolWith({ pool: { max: 1, idleTimeout: 60_000 } });
    const annas = await new Taker(pool, ANNA).connection;
    const annasPeer = await backend.accept();
    await serve(annas, annasPeer);
    const berts = await new Taker(pool, BERT).connection;
    assert.equal(await annasPeer.ended, 'end');
    const bertsPeer = await backend.accept();
    const waiting = new Taker(pool, ANNA);
    assert.match(await serve(berts, bertsPeer), /192\.0\.2\.2/);
    const again = await waiting.connection;
    assert.notEqual(again, berts);
    assert.match(await serve(again, await backend.accept()), /192\.0\.2\.1/);
    assert.equal(pool.open, 1);
  });
});
