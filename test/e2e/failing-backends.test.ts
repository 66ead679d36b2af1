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
import { Gunicorn } from '../support/gunicorn.ts';
import { Load } from '../support/load.ts';
import { head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { program, requires } from '../support/packages.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

interface Backend extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const startServer = (backends: readonly Backend[]): Promise<DreamServer> =>
  startDreamServer({
    upstreams: { three: { servers: backends.map(({ url }) => url) } },
    routes: [{ proxy: { to: 'three' } }],
    workers: 2,
  });

suite('three nginx behind 200 connections of GET', { skip: requires('nginx', 'wrk') }, () => {
  const backends: Nginx[] = [];
  let server: DreamServer;

  before(async () => {
    const site = resources.use(temporarySite());
    for (let i = 0; i < 3; i++) backends.push(resources.use(await Nginx.start({ root: site.root })));
    server = resources.use(await startServer(backends));
  });

  /** wrk sees no error while `happen` does. */
  async function unnoticed(seconds: number, happen: () => Promise<void>): Promise<void> {
    const load = run(program('wrk'), [
      '-t1',
      '-c200',
      `-d${seconds}s`,
      '--timeout=15s',
      `${server.url}/hello.txt`,
    ]);
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

suite('three applications with 200 GETs in hand', () => {
  for (const ms of [0, 800, 2500]) {
    test(`each of ${ms} ms: one of them is killed with SIGKILL, and no client sees an error`, async () => {
      using ids = new IdFile();
      await using backends = new AsyncDisposableStack();
      const three: CountingBackend[] = [];
      for (let i = 0; i < 3; i++) three.push(backends.use(await CountingBackend.start(ids.path)));
      await using server = await startServer(three);
      let next = 0;
      const request = (): string => head(`GET /?ms=${ms} HTTP/1.1`, 'Host: a', `X-Id: ${next++}`);
      const load = new Load({ port: server.port, request, connections: 200 });
      // Where they take their time, all of the first are with the servers now, over connections that were never used before.
      await until(() => ids.ids().length >= 200, { what: '200 requests with the servers', within: 30_000 });
      await three[1].kill();
      await load.untilMore(200, 200, 30_000);
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.equal(load.count(200), load.statuses.length, server.child.stderr.join('\n'));
    });
  }
});

const KINDS: readonly { name: string; needs: readonly string[]; start(ids: string): Promise<Backend> }[] = [
  { name: 'node', needs: [], start: (ids) => CountingBackend.start(ids) },
  { name: 'gunicorn', needs: ['gunicorn'], start: (ids) => Gunicorn.start(ids) },
];

for (const kind of KINDS) {
  suite(`three applications on ${kind.name}`, { skip: requires(...kind.needs) }, () => {
    const CONNECTIONS = 50;
    const backends: Backend[] = [];
    let ids: IdFile;
    let server: DreamServer;
    let next = 0;

    before(async () => {
      ids = resources.use(new IdFile());
      for (let i = 0; i < 3; i++) backends.push(resources.use(await kind.start(ids.path)));
      server = resources.use(await startServer(backends));
    });

    const get = (): string => head('GET / HTTP/1.1', 'Host: a', `X-Id: ${next++}`);
    const post = (): string =>
      `${head('POST / HTTP/1.1', 'Host: a', `X-Id: ${next++}`, 'Content-Length: 5')}hello`;

    /** What happens while such requests come, and go on coming for a while. */
    async function under(request: () => string, happen: (load: Load) => Promise<void>): Promise<Load> {
      const load = new Load({ port: server.port, request, connections: CONNECTIONS });
      await load.untilMore(500, 200);
      await happen(load);
      await load.untilMore(500, 200);
      await load.stop();
      return load;
    }

    async function unnoticed(happen: (load: Load) => Promise<void>): Promise<void> {
      const load = await under(get, happen);
      assert.deepEqual(load.failures, [], 'every client got a whole answer every time');
      assert.equal(load.count(200), load.statuses.length, server.child.stderr.join('\n'));
    }

    /** What happens fails at most the requests that were with one of them, and doubles none. */
    async function neverTwice(happen: (load: Load) => Promise<void>, downs: number): Promise<void> {
      const firstId = next;
      const load = await under(post, happen);
      assert.equal(load.count(200) + load.count(502), load.statuses.length);
      // Of what cannot be sent again an answer is passed on as it comes: it may break off between its head and its body.
      for (const failure of load.failures) assert.match(failure, /^body of \d+ bytes ended after \d+;/);
      const failed = load.count(502) + load.failures.length;
      assert.ok(failed <= CONNECTIONS * downs, `${failed} failed`);
      const arrived = ids.ids().filter((id) => Number(id) >= firstId);
      assert.equal(new Set(arrived).size, arrived.length, 'an id has arrived twice');
      assert.ok(arrived.length >= load.count(200), 'an answer was given for what has not arrived');
    }

    const killOne = (): Promise<void> => backends[1].kill();
    async function restartAll(load: Load): Promise<void> {
      for (const backend of backends) {
        await backend.stop();
        await backend.start();
        await load.untilMore(500, 200);
      }
    }

    test('one is killed with SIGKILL under GETs: no client sees an error', async () => {
      await unnoticed(killOne);
      await backends[1].start();
    });

    test('all are restarted in turn under GETs: no client sees an error', () => unnoticed(restartAll));

    test('one is killed with SIGKILL under POSTs: what was with it fails, and nothing arrives twice', async () => {
      await neverTwice(killOne, 1);
      await backends[1].start();
    });

    test('all are restarted in turn under POSTs: nothing arrives twice', () => neverTwice(restartAll, 3));
  });
}
