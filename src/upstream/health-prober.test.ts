/** Servers are checked by one thread, and all of them know what it has found. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { requestOrigin } from '../../test/support/balancer-contract.ts';
import { head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import { until } from '../../test/support/until.ts';
import { HealthBoard } from './health-board.ts';
import { HealthProber } from './health-prober.ts';
import type { Upstream } from './upstream.ts';
import { Upstreams } from './upstreams.ts';

const origin = requestOrigin('/', '203.0.113.7');

/** Milliseconds. */
const INTERVAL = 50;

let backends: RawBackend[];
/** The status that each answers with, and how often it was asked. */
let statuses: number[];
let asked: number[];
let told: string[];
let prober: HealthProber;
/** What two threads know of the same upstream. */
let threads: Upstreams[];

beforeEach(async () => {
  backends = [await RawBackend.start(), await RawBackend.start()];
  statuses = [200, 200];
  asked = [0, 0];
  told = [];
  for (const [i, backend] of backends.entries()) {
    // The end of a test breaks off what is just being checked.
    backend.onConnection((connection) => void answer(i, connection).catch(() => {}));
  }
  const options = upstreamOptions(
    backends.map(({ url }) => url),
    {
      health: {
        path: '/',
        host: undefined,
        interval: INTERVAL,
        timeout: 5000,
        healthy: 2,
        unhealthy: 3,
        expect: { from: 200, to: 399 },
        body: undefined,
      },
    },
  );
  const board = new HealthBoard();
  threads = [
    new Upstreams([options], () => {}, board),
    new Upstreams([options], () => {}, new HealthBoard(board.buffer)),
  ];
  prober = new HealthProber(threads[0], board, ({ server, state, detail }) => {
    told.push(`${backends.findIndex(({ url }) => url === server)} ${state} ${detail}`);
  });
  prober.start();
});
afterEach(() => {
  prober.close();
  for (const upstreams of threads) upstreams.close();
  for (const backend of backends) backend[Symbol.dispose]();
});

async function answer(i: number, connection: RawConnection): Promise<void> {
  await connection.untilText('\r\n\r\n');
  asked[i]++;
  await connection.send(head(`HTTP/1.1 ${statuses[i]} OK`, 'Content-Length: 0'));
}

/** The servers that a request may go to, in each thread. */
const usable = (): string[] =>
  threads.map((upstreams) => {
    const upstream: Upstream = upstreams.get('backend');
    const chosen = Array.from({ length: 4 }, () => upstream.choose(origin, [])?.server.url);
    return backends.flatMap(({ url }, i) => (chosen.includes(url) ? [i] : [])).join();
  });

const untilUsable = (servers: string): Promise<true> =>
  until(() => usable().every((each) => each === servers), { what: `servers ${servers} are used` });

/** Waits for so many more checks of each server. */
async function checks(count: number): Promise<void> {
  const before = [...asked];
  await until(() => asked.every((each, i) => each >= before[i] + count), { what: `${count} checks` });
}

describe('a server that is checked', () => {
  it('gets requests as long as it is well, and nothing is told', async () => {
    await checks(5);
    assert.deepEqual(usable(), ['0,1', '0,1']);
    assert.deepEqual(told, []);
  });

  it('gets none when several checks in a row are bad, in any thread; and again when several are good', async () => {
    statuses[0] = 500;
    await untilUsable('1');
    statuses[0] = 200;
    await untilUsable('0,1');
    assert.deepEqual(told, ['0 unhealthy status 500', '0 healthy undefined']);
  });

  it('gets them on when a single check is bad', async () => {
    await checks(1);
    const bad = asked[0];
    statuses[0] = 500;
    await until(() => asked[0] > bad, { what: 'a bad check' });
    statuses[0] = 200;
    await checks(3);
    assert.deepEqual(told, []);
  });

  it('leaves no server where all are unhealthy', async () => {
    statuses = [500, 500];
    await untilUsable('');
    const upstream = threads[0].get('backend');
    assert.equal(upstream.hasServerBeside([]), false);
    assert.equal(upstream.retryAfter, 1);
  });

  it('is asked once an interval, however many threads there are', async () => {
    const start = performance.now();
    await checks(10);
    const most = 1 + (performance.now() - start) / (INTERVAL * 0.9);
    assert.ok(asked[0] <= most + 1 && asked[1] <= most + 1, `${asked.join()} in ${most} intervals`);
  });

  it('is known as healthy when it comes again at another time, and is checked from then on', async () => {
    const servers = backends.map(({ url }) => upstreamServer(url));
    const use = (count: number): void => {
      for (const upstreams of threads) upstreams.get('backend').use(servers.slice(0, count));
    };
    statuses[1] = 500;
    await untilUsable('0');
    use(1);
    const before = asked[0];
    await until(() => asked[0] > before + 10, { what: 'the prober knows that it has gone' });
    statuses[1] = 200;
    use(2);
    assert.deepEqual(usable(), ['0,1', '0,1']);
    statuses[1] = 500;
    await untilUsable('0');
  });
});
