/** No more requests are in flight at a server than it may have, over all workers: the others wait. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { get } from '../support/message.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';

const LIMIT = 5;

let backend: Server;
let server: DreamServer;
/** Requests that the backend is busy with, and the most that it ever was. */
let busy: number;
let most: number;

beforeEach(async () => {
  busy = 0;
  most = 0;
  backend = createServer((request, response) => {
    most = Math.max(most, ++busy);
    response.once('close', () => busy--);
    if (request.url === '/held') return;
    setTimeout(() => response.end('ok'), 2);
  }).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  server = await startDreamServer({
    upstreams: {
      app: {
        servers: [{ url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`, maxRequests: LIMIT }],
        queue: { timeout: '30s' },
      },
    },
    routes: [{ proxy: 'app' }],
    workers: 3,
  });
});
afterEach(async () => {
  backend.closeAllConnections();
  backend.close();
  await server[Symbol.asyncDispose]();
});

test('many connections over several workers', async () => {
  const load = new Load({ port: server.port, connections: 60, each: 30 });
  await load.done;
  assert.deepEqual([load.failures, load.count(200)], [[], 1800]);
  assert.equal(most, LIMIT);
});

test('clients that go give their places to those that wait, whichever worker they are at', async () => {
  const holding: RawConnection[] = [];
  for (let count = 0; count < LIMIT; count++) {
    const client = await RawConnection.connect(server.port);
    holding.push(client);
    await client.send(get('/held'));
  }
  await until(() => busy === LIMIT, { what: 'all places are taken' });
  const load = new Load({ port: server.port, connections: 20, each: 10 });
  for (const client of holding) client.reset();
  await load.done;
  assert.deepEqual([load.failures, load.count(200), most], [[], 200, LIMIT]);
});
