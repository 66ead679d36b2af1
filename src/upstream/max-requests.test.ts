/** No more than so many requests are in flight at a server, whichever thread sends them and however they end. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { requestOrigin } from '../../test/support/balancer-contract.ts';
import { head } from '../../test/support/message.ts';
import { freePort } from '../../test/support/ports.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import { RequestReader } from '../../test/support/request-reader.ts';
import { until } from '../../test/support/until.ts';
import { BackendPeer, sendTo } from '../../test/support/upstream-calls.ts';
import { healthKey } from './health-board.ts';
import type { UpstreamOptions } from './schema.ts';
import { SlotBoard } from './slot-board.ts';
import { Upstreams } from './upstreams.ts';
import type { Upstream } from './upstream.ts';

/** An answer of which a `b` is missing. */
const HALF = `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}a`;

let backend: RawBackend;
let second: RawBackend;
/** The same upstream as two threads have it. */
let threads: Upstreams[];
let board: SlotBoard;
let here: Upstream;
let there: Upstream;

beforeEach(async () => {
  backend = await RawBackend.start();
  second = await RawBackend.start();
});
afterEach(() => {
  for (const thread of threads) thread.close();
  backend[Symbol.dispose]();
  second[Symbol.dispose]();
});

function makeUpstream(
  maxRequests: number | undefined,
  changes: Partial<UpstreamOptions> = {},
  urls: readonly string[] = [backend.url],
): void {
  const options = { ...upstreamOptions(urls, { maxRequests }), ...changes };
  board = new SlotBoard(1, 2);
  threads = [0, 1].map(
    (worker) => new Upstreams([options], () => {}, undefined, new SlotBoard(1, 2, worker, board.buffer)),
  );
  [here, there] = threads.map((thread) => thread.get(options.name));
}

const peerOf = (from = backend): Promise<BackendPeer> => BackendPeer.of(from);

describe('requests beyond what a server may have', () => {
  it('wait, also for room that is made in another thread', async () => {
    makeUpstream(1);
    const first = sendTo(here);
    const waiting = sendTo(there);
    assert.deepEqual([here.queue.length, there.queue.length], [0, 1]);
    await (await peerOf()).serve();
    assert.equal(await first.outcome, `200 of ${backend.url}`);
    await (await peerOf()).serve();
    assert.equal(await waiting.outcome, `200 of ${backend.url}`);
  });

  it('go to another server that has room', async () => {
    const servers = [{ ...upstreamServer(backend.url), maxRequests: 1 }, upstreamServer(second.url)];
    makeUpstream(undefined, { servers });
    for (let count = 0; count < 4; count++) sendTo(here);
    await Promise.all([peerOf(), peerOf(second), peerOf(second), peerOf(second)]);
    assert.equal(backend.connections.length, 1);
  });

  it('wait for a server that they have not been at, and for no other', async () => {
    const retry = { attempts: 3, reset: true, timeout: false, statuses: [], budget: 1, within: 0 };
    makeUpstream(1, { retry }, [backend.url, second.url]);
    const failing = sendTo(here);
    sendTo(there);
    const broken = await peerOf();
    await broken.request();
    const busy = await peerOf(second);
    broken.connection.reset();
    // It has room now, which is of no use to this request.
    await until(() => inFlight() === 0, { what: 'the first server has room' });
    assert.equal(here.queue.length, 1);
    await busy.serve();
    await (await peerOf(second)).serve();
    assert.equal(await failing.outcome, `200 of ${second.url}`);
  });

  it('are in the queue with those that wait for a connection, and not for ever', async () => {
    makeUpstream(1, { queue: { size: 1, timeout: 200 } });
    const served = sendTo(here);
    const waiting = sendTo(there);
    assert.equal(await sendTo(there).outcome, 'upstream.queue-full');
    assert.equal(await waiting.outcome, 'upstream.queue-full');
    await (await peerOf()).serve();
    assert.equal(await served.outcome, `200 of ${backend.url}`);
  });

  it('are served in both threads, so that none of them starves', async () => {
    makeUpstream(1);
    backend.onConnection((connection) => void serveAll(connection).catch(isOver));
    const order: string[] = [];
    const sent = [here, there].map((upstream, thread) =>
      Array.from({ length: 30 }, async () => {
        await sendTo(upstream).outcome;
        order.push(String(thread));
      }),
    );
    await Promise.all(sent.flat());
    const half = new Set(order.slice(0, 30));
    assert.deepEqual(half, new Set(['0', '1']), order.join(''));
    assert.equal(inFlight(), 0);
  });
});

describe('a place is given back', () => {
  it('when the answer is complete, body and all', async () => {
    makeUpstream(2);
    const { outcome, responded } = sendTo(here);
    const { connection } = await peerOf();
    await connection.send(HALF);
    assert.deepEqual([await responded, inFlight()], [200, 1]);
    await connection.send('b');
    await outcome;
    assert.equal(inFlight(), 0);
  });

  it('when the client goes, whatever is under way', async () => {
    makeUpstream(3);
    const connecting = sendTo(here);
    const sent = sendTo(here);
    await (await peerOf()).request();
    await (await peerOf()).request();
    const reading = sendTo(here);
    await (await peerOf()).connection.send(HALF);
    await reading.responded;
    const early = sendTo(there);
    assert.deepEqual([inFlight(), there.queue.length], [3, 1]);
    for (const { call } of [connecting, sent, reading, early]) call.cancel();
    await untilNone();
    sendTo(here).call.cancel();
    await untilNone();
  });

  it('when the server breaks the connection, or does not answer in time', async () => {
    makeUpstream(2, { timeouts: { connect: 10_000, firstByte: 200, idle: 10_000 } });
    const sent = [sendTo(here), sendTo(there)];
    const peer = await peerOf();
    await peer.request();
    peer.connection.reset();
    const outcomes = await Promise.all(sent.map(({ outcome }) => outcome));
    assert.deepEqual(outcomes.toSorted(), ['upstream.first-byte-timeout', 'upstream.reset']);
    await untilNone();
  });

  it('when no connection could be made', async () => {
    makeUpstream(1, {}, [`http://127.0.0.1:${await freePort()}`]);
    for (let count = 0; count < 3; count++) {
      assert.equal(await sendTo(here).outcome, 'upstream.connect-failed');
    }
    await untilNone();
  });

  it('soon, where it was taken and not used after all', async () => {
    makeUpstream(1);
    here.choose(requestOrigin('/', '203.0.113.7'), []);
    const waiting = sendTo(there);
    assert.deepEqual([inFlight(), there.queue.length], [1, 1]);
    await (await peerOf()).serve();
    await waiting.outcome;
  });

  it('once, where a kept connection was closed and the request is sent over a new one', async () => {
    makeUpstream(1);
    const { outcome } = sendTo(here);
    const peer = await peerOf();
    await peer.serve();
    await outcome;
    const again = sendTo(here);
    await peer.request();
    peer.connection.close();
    const next = await peerOf();
    await next.request();
    const waiting = sendTo(there);
    assert.deepEqual([inFlight(), there.queue.length], [1, 1]);
    await next.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
    await again.outcome;
    await (await peerOf()).serve();
    await waiting.outcome;
    await untilNone();
  });

  it('when a tunnel ends', async () => {
    makeUpstream(1);
    sendTo(here, { method: 'CONNECT' });
    const { connection } = await peerOf();
    await connection.send(head('HTTP/1.1 200 OK'));
    // It is no connection of the pool any more.
    await until(() => here.servers[0].pool.open === 0, { what: 'the tunnel is open' });
    const waiting = sendTo(there);
    assert.deepEqual([inFlight(), there.queue.length], [1, 1]);
    connection.reset();
    await (await peerOf()).serve();
    await waiting.outcome;
    await untilNone();
  });

  it('by a server that is removed, when it has finished', async () => {
    makeUpstream(1);
    const { outcome } = sendTo(here);
    const peer = await peerOf();
    await peer.request();
    here.use([upstreamServer(second.url)]);
    assert.equal(inFlight(), 1);
    await peer.connection.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
    await outcome;
    await untilNone();
  });

  it('after whatever happens, and there are never more than the limit', async () => {
    const retry = { attempts: 3, reset: true, timeout: true, statuses: [503], budget: 1, within: 0 };
    const timeouts = { connect: 10_000, firstByte: 300, idle: 300 };
    makeUpstream(3, { retry, timeouts, pool: { max: 2, idleTimeout: 100 } });
    let most = 0;
    backend.onConnection(
      (connection) => void misbehave(connection, () => (most = Math.max(most, inFlight()))).catch(isOver),
    );
    const outcomes = Array.from({ length: 150 }, async (_, count) => {
      const sent = sendTo(count % 2 === 0 ? here : there);
      if (count % 5 === 0) setTimeout(() => sent.call.cancel(), count % 40);
      else await sent.outcome;
    });
    await Promise.all(outcomes);
    await untilNone();
    assert.equal(most, 3);
  });
});

/** Requests in flight, as the board counts them for all threads. */
function inFlight(): number {
  const cell = board.enter(healthKey('backend', backend.url)) as number;
  board.leave(cell);
  return board.cells[cell];
}

const untilNone = (): Promise<boolean> => until(() => inFlight() === 0, { what: 'none is in flight' });

/** A connection that a backend serves has ended. */
const isOver = (): void => {};

async function serveAll(connection: RawConnection): Promise<void> {
  const peer = new BackendPeer(connection);
  for (;;) await peer.serve();
}

/** Answers, or does something else, by turns. */
async function misbehave(connection: RawConnection, look: () => void): Promise<void> {
  const requests = new RequestReader(connection);
  for (;;) {
    await requests.head();
    look();
    const answer = WAYS[way++ % WAYS.length];
    if (answer === 'silence') return;
    if (answer === 'reset') return connection.reset();
    if (answer === 'close') return connection.close();
    await connection.send(answer);
  }
}

let way = 0;
const WAYS = [
  head('HTTP/1.1 200 OK', 'Content-Length: 0'),
  `${head('HTTP/1.1 200 OK', 'Content-Length: 5')}whole`,
  'reset',
  `${head('HTTP/1.1 503 Busy', 'Content-Length: 4')}busy`,
  HALF,
  'close',
  'silence',
  head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: close'),
  'nonsense',
];
