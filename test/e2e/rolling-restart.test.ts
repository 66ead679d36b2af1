/** Three applications are replaced one after the other under a load of POST: each is drained first, and nobody notices. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createServer } from '../../src/index.ts';
import { CountingBackend, IdFile } from '../support/counting-backend.ts';
import { Load } from '../support/load.ts';
import { head } from '../support/message.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

test('servers that are drained before they stop cost no request, and none arrives twice', async () => {
  const ids = resources.use(new IdFile());
  const backends: CountingBackend[] = [];
  for (let i = 0; i < 3; i++) backends.push(resources.use(await CountingBackend.start(ids.path)));
  const server = createServer({
    workers: 2,
    listeners: ['127.0.0.1:0'],
    accessLog: { path: '/dev/null' },
    upstreams: { app: { servers: backends.map(({ url }) => url), retry: false } },
    routes: [{ proxy: 'app' }],
  });
  resources.defer(() => server.close());
  await server.listen();
  const app = server.upstream('app');
  const isIdle = async (url: string): Promise<boolean> =>
    (await app.servers()).some((each) => each.url === url && each.active === 0);

  let next = 0;
  const request = (): string =>
    `${head('POST / HTTP/1.1', 'Host: a', `X-Id: ${next++}`, 'Content-Length: 5')}hello`;
  const load = new Load({ port: server.addresses[0].port ?? 0, request, connections: 50 });
  await load.untilMore(500, 200);
  for (const backend of backends) {
    await app.drain(backend.url);
    await until(() => isIdle(backend.url), { what: 'it has finished what it had' });
    await backend.stop();
    await load.untilMore(200, 200);
    await backend.start();
    await app.enable(backend.url);
    await load.untilMore(200, 200);
  }
  for (const backend of backends) {
    await app.remove(backend.url);
    await load.untilMore(200, 200);
    await app.add({ url: backend.url, weight: 2 });
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(load.count(200), load.statuses.length);
  const arrived = ids.ids();
  assert.equal(arrived.length, load.statuses.length);
  assert.equal(new Set(arrived).size, arrived.length);
});
