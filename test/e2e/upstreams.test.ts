/** Several servers behind one name, and names that only this server knows. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DreamServer, startCommand, startDreamServer } from '../support/dreamserver.ts';
import { head } from '../support/message.ts';
import { freePort } from '../support/ports.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const HOSTS = ['three', 'weighted', 'balanced', 'hashed', 'backed', 'named', 'unknown'];

let server: DreamServer;

before(async () => {
  const backends: DreamServer[] = [];
  for (const name of ['0', '1', '2']) {
    const site = resources.use(temporarySite());
    site.write('which.txt', name);
    backends.push(resources.use(await startCommand('files', site.root)));
  }
  const [first] = backends;
  const gone = await freePort();
  server = resources.use(
    await startDreamServer({
      upstreams: {
        three: { servers: backends.map((backend) => backend.url) },
        weighted: { servers: [{ url: backends[0].url, weight: 3 }, backends[1].url] },
        balanced: {
          servers: [...backends.slice(0, 2).map(({ url }) => url), { url: backends[2].url, weight: 2 }],
          balance: 'least-requests',
        },
        hashed: { servers: backends.map((backend) => backend.url), balance: { hash: 'header:x-user' } },
        backed: { servers: [`http://127.0.0.1:${gone}`, { url: first.url, backup: true }] },
        named: {
          servers: [`http://backend.test:${first.port}`],
          resolve: { static: { 'backend.test': '127.0.0.1' } },
        },
        unknown: { servers: [`http://nowhere.invalid:${first.port}`] },
      },
      routes: HOSTS.map((to) => ({ match: { host: to }, proxy: { to } })),
      workers: 1,
    }),
  );
});

const ask = async (host: string, user = '-'): Promise<string> => {
  const request = head('GET /which.txt HTTP/1.1', `Host: ${host}`, `X-User: ${user}`);
  const { status, body } = await exchange(server.port, request);
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

test('servers with nothing to do take their turns by weight', async () => {
  assert.deepEqual(await shares('balanced', 40), { 0: 10, 1: 10, 2: 20 });
});

test('a hash gives every user one server, and the servers different users', async () => {
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
  const places: string[] = [];
  for (const user of users) places.push(await ask('hashed', user));
  assert.deepEqual(new Set(places), new Set(['0', '1', '2']));
  for (const [i, user] of users.entries()) assert.equal(await ask('hashed', user), places[i]);
});

test('a backup serves when the others are gone', async () => {
  assert.deepEqual(await shares('backed', 10), { 0: 10 });
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
