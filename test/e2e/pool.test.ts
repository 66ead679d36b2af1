/** A thousand clients, and few connections to the server behind us: it counts how many it has at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';

test('1,000 clients share as many connections as `pool.max` allows each worker, and all are answered', async () => {
  let open = 0;
  let most = 0;
  let requests = 0;
  const backend = createServer((_, response) => {
    requests++;
    // Not before the others have had their turn, so that many are busy at once.
    setImmediate(() => response.end('ok'));
  });
  backend.on('connection', (socket) => {
    most = Math.max(most, ++open);
    socket.on('close', () => open--);
  });
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
    await using server = await startDreamServer({
      upstreams: { app: { servers: [url], pool: { max: 8 }, queue: { size: 1000, timeout: '60s' } } },
      routes: [{ proxy: 'app' }],
      workers: 2,
    });
    const load = new Load({ port: server.port, connections: 1000, each: 5 });
    await load.done;
    assert.deepEqual(load.failures, []);
    assert.equal(load.count(200), 5000);
    assert.equal(requests, 5000, 'nothing was sent twice');
    assert.ok(most > 8 && most <= 16, `${most} connections at once`);
  } finally {
    backend.closeAllConnections();
    backend.close();
  }
});
