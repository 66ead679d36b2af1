/** Several servers behind one name, and names that only this server knows. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DreamServer, startCommand, startDreamServer } from '../support/dreamserver.ts';
import { head } from '../support/message.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let server: DreamServer;

before(async () => {
  const backends: DreamServer[] = [];
  for (const name of ['0', '1', '2']) {
    const site = resources.use(temporarySite());
    site.write('which.txt', name);
    backends.push(resources.use(await startCommand('files', site.root)));
  }
  const [first] = backends;
  server = resources.use(
    await startDreamServer({
      upstreams: {
        three: { servers: backends.map((backend) => backend.url) },
        weighted: { servers: [{ url: backends[0].url, weight: 3 }, backends[1].url] },
        named: {
          servers: [`http://backend.test:${first.port}`],
          resolve: { static: { 'backend.test': '127.0.0.1' } },
        },
        unknown: { servers: [`http://nowhere.invalid:${first.port}`] },
      },
      routes: ['three', 'weighted', 'named', 'unknown'].map((to) => ({ match: { host: to }, proxy: { to } })),
      workers: 1,
    }),
  );
});

const ask = async (host: string): Promise<string> => {
  const { status, body } = await exchange(server.port, head('GET /which.txt HTTP/1.1', `Host: ${host}`));
  return status === 200 ? body.toString() : String(status);
};

async function shares(host: string, requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let count = 0; count < requests; count++) {
    const answer = await ask(host);
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return counts;
}

test('three servers take their turns', async () => {
  assert.deepEqual(await shares('three', 30), { 0: 10, 1: 10, 2: 10 });
});

test('a weight is a share', async () => {
  assert.deepEqual(await shares('weighted', 40), { 0: 30, 1: 10 });
});

test('a name of the static table needs no resolver', async () => {
  assert.equal(await ask('named'), '0');
});

test('a name that nobody knows gives 502', async () => {
  assert.equal(await ask('unknown'), '502');
});

test('a host that no route names gives 404', async () => {
  assert.equal(await ask('other'), '404');
});
