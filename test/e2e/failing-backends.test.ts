/**
 * Backends that are killed and restarted under load: no client sees an error of a request that could be sent again, and no
 * request that must not be sent twice ever is.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { CountingBackend, IdFile } from '../support/counting-backend.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { program, requires } from '../support/packages.ts';
import { temporarySite } from '../support/site.ts';

const run = promisify(execFile);
const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const startBefore = async (urls: readonly string[]): Promise<DreamServer> =>
  resources.use(
    await startDreamServer({
      upstreams: { three: { servers: urls } },
      routes: [{ proxy: { to: 'three' } }],
      workers: 2,
    }),
  );

suite('three nginx behind 200 connections of GET', { skip: requires('nginx', 'wrk') }, () => {
  const backends: Nginx[] = [];
  let server: DreamServer;

  before(async () => {
    const site = resources.use(temporarySite());
    for (let i = 0; i < 3; i++) backends.push(resources.use(await Nginx.start({ root: site.root })));
    server = await startBefore(backends.map(({ url }) => url));
  });

  /** wrk sees no error while `happen` does. */
  async function unnoticed(seconds: number, happen: () => Promise<void>): Promise<void> {
    const load = run(program('wrk'), ['-t1', '-c200', `-d${seconds}s`, `${server.url}/hello.txt`]);
    const before = server.requests.length;
    await server.untilLogged(before + 1000);
    await happen();
    const { stdout } = await load;
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout);
    assert.ok(Number(/(\d+) requests in/.exec(stdout)?.[1]) > 1000, stdout);
  }

  test('one of them is killed with SIGKILL: no client sees an error', async () => {
    await unnoticed(4, () => backends[1].kill());
    await backends[1].start();
  });

  test('all of them are restarted in turn: no client sees an error', async () => {
    await unnoticed(6, async () => {
      for (const backend of backends) {
        await backend.stop();
        await backend.start();
        await server.untilLogged(server.requests.length + 1000);
      }
    });
  });
});

suite('three applications behind 50 connections of POST', () => {
  const backends: CountingBackend[] = [];
  let ids: IdFile;
  let server: DreamServer;
  let next = 0;

  before(async () => {
    ids = resources.use(new IdFile());
    for (let i = 0; i < 3; i++) backends.push(resources.use(await CountingBackend.start(ids.path)));
    server = await startBefore(backends.map(({ url }) => url));
  });

  const CONNECTIONS = 50;
  const request = (): string =>
    `${head('POST / HTTP/1.1', 'Host: a', `X-Id: ${next++}`, 'Content-Length: 5')}hello`;

  /** What happens to the backends fails at most the requests that were with one of them, and doubles none. */
  async function neverTwice(happen: (load: Load) => Promise<void>, downs: number): Promise<void> {
    const load = new Load({ port: server.port, request, connections: CONNECTIONS });
    const firstId = next;
    await load.untilMore(500, 200);
    await happen(load);
    await load.untilMore(500, 200);
    await load.stop();
    assert.deepEqual(load.failures, [], 'every client got a whole answer every time');
    assert.equal(load.count(200) + load.count(502), load.statuses.length);
    assert.ok(load.count(502) <= CONNECTIONS * downs, `${load.count(502)} failed`);
    const arrived = ids.ids().filter((id) => Number(id) >= firstId);
    assert.equal(new Set(arrived).size, arrived.length, 'an id has arrived twice');
    assert.ok(arrived.length >= load.count(200), 'an answer was given for what has not arrived');
  }

  test('one of them is killed with SIGKILL: what was with it fails, and nothing arrives twice', async () => {
    await neverTwice(() => backends[1].kill(), 1);
    await backends[1].start();
  });

  test('all of them are restarted in turn: nothing arrives twice', async () => {
    await neverTwice(async (load) => {
      for (const backend of backends) {
        await backend.stop();
        await backend.start();
        await load.untilMore(500, 200);
      }
    }, 3);
  });
});
