/** Servers of an upstream come and go, drain and rest while two workers serve: each of them obeys, and no request is lost. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { createServer, type Server, type UpstreamChange, type UpstreamControl } from '../../src/index.ts';
import { Dnsmasq } from '../support/dnsmasq.ts';
import { get, head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { program, requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { freePort } from '../support/ports.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

/** Connections that hit each of two workers: that none of them does so is one chance in 2^63. */
const MANY = 64;

suite('the servers of an upstream, with two workers', { skip: requires('nginx', 'dnsmasq', 'wrk') }, () => {
  const fixtures = new AsyncDisposableStack();
  /** One nginx, which is three servers and says which. */
  let nginxPort: number;
  let urls: string[];
  let resources: AsyncDisposableStack;
  let server: Server;
  let app: UpstreamControl;
  let told: UpstreamChange[];

  before(async () => {
    nginxPort = await freePort();
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
    urls = addresses.map((address) => `http://${address}:${nginxPort}`);
    const listens = addresses.map((address) => `listen ${address}:${nginxPort};`).join(' ');
    const http = `server { ${listens} location / { return 200 "$server_addr"; } }`;
    const site = fixtures.use(temporarySite());
    fixtures.use(await Nginx.start({ root: site.root, http }));
  });
  after(() => fixtures.disposeAsync());
  beforeEach(() => {
    resources = new AsyncDisposableStack();
    told = [];
  });
  afterEach(() => resources.disposeAsync());

  /** Two workers in front of these servers, which have not begun to listen. */
  function make(upstream: Record<string, unknown>): void {
    server = createServer({
      workers: 2,
      listeners: ['127.0.0.1:0'],
      accessLog: { path: '/dev/null' },
      upstreams: { app: { servers: urls, ...upstream } },
      routes: [{ proxy: 'app' }],
    });
    resources.defer(() => server.close());
    server.observeUpstreams((change) => told.push(change));
    app = server.upstream('app');
  }

  async function start(upstream: Record<string, unknown> = {}): Promise<void> {
    make(upstream);
    await server.listen();
    assert.equal(server.workers, 2);
  }

  const port = (): number => server.addresses[0].port ?? 0;

  /** Who answers new connections, in both workers: the last number of each address, or the status. */
  async function answering(...lines: string[]): Promise<string> {
    const answers = new Set<string>();
    for (let i = 0; i < MANY; i += 16) {
      const some = Array.from({ length: 16 }, () => exchange(port(), get('/', ...lines)));
      for (const { status, body } of await Promise.all(some)) {
        answers.add(status === 200 ? (body.toString().at(-1) ?? '') : String(status));
      }
    }
    return [...answers].toSorted().join();
  }

  const events = (): string[] =>
    told.map(({ state, server: url, weight }) =>
      [state, urls.indexOf(url) + 2, ...(weight === undefined ? [] : [weight])].join(' '),
    );

  test('obey each command when its promise resolves, and it is told once', async () => {
    await start({ servers: urls.slice(0, 2) });
    assert.equal(await answering(), '2,3');
    await app.drain(urls[0]);
    assert.equal(await answering(), '3');
    await app.disable(urls[1]);
    assert.equal(await answering(), '503');
    await app.enable(urls[0]);
    assert.equal(await answering(), '2');
    await app.add(urls[2]);
    assert.equal(await answering(), '2,4');
    await app.remove(urls[0]);
    assert.equal(await answering(), '4');
    await app.enable(urls[1]);
    await app.setWeight(urls[1], 3);
    const servers = await app.servers();
    assert.deepEqual(
      servers.map(({ url, weight, state }) => [url, weight, state]),
      [
        [urls[1], 3, 'enabled'],
        [urls[2], 1, 'enabled'],
      ],
    );
    await app.remove(urls[1]);
    await app.remove(urls[2]);
    assert.equal(await answering(), '503');
    assert.deepEqual(await app.servers(), []);
    assert.deepEqual(events(), [
      'draining 2',
      'disabled 3',
      'enabled 2',
      'added 4 1',
      'removed 2',
      'enabled 3',
      'weighted 3 3',
      'removed 3',
      'removed 4',
    ]);
  });

  test('are as they were left before the start', async () => {
    make({ servers: [urls[0]] });
    const changes = [app.add(urls[1]), app.add(urls[2]), app.disable(urls[0]), app.remove(urls[1])];
    await server.listen();
    await Promise.all(changes);
    assert.equal(await answering(), '4');
    assert.deepEqual(events(), ['added 3 1', 'added 4 1', 'disabled 2', 'removed 3']);
  });

  test('can be reached by the URL that stands in a route', async () => {
    make({});
    const other = createServer({
      workers: 2,
      listeners: ['127.0.0.1:0'],
      accessLog: { path: '/dev/null' },
      routes: [{ proxy: urls[0] }],
    });
    resources.defer(() => other.close());
    await other.listen();
    const upstream = other.upstream(urls[0]);
    await upstream.add({ url: urls[1], weight: 2 });
    await upstream.remove(urls[0]);
    server = other;
    assert.equal(await answering(), '3');
  });

  test('keep the clients that stick to them while they drain, and get no others', async () => {
    await start({ servers: urls.slice(0, 2), sticky: { cookie: 'id' } });
    let own = '';
    await until(
      async () => {
        const answer = await exchange(port(), get('/'));
        own = (field(answer, 'Set-Cookie') ?? '').split(';')[0];
        return answer.body.toString() === '127.0.0.2';
      },
      { what: 'a cookie for the first server' },
    );
    await app.drain(urls[0]);
    assert.equal(await answering(), '3');
    assert.equal(await answering(`Cookie: ${own}`), '2');
    await app.disable(urls[0]);
    assert.equal(await answering(`Cookie: ${own}`), '3');
  });

  for (const how of ['drain', 'disable', 'remove'] as const) {
    test(`finish what they have begun, tunnels too: ${how}`, async () => {
      const backend = resources.use(await RawBackend.start());
      await start({ servers: [backend.url] });
      const client = resources.adopt(await RawConnection.connect(port()), (each) => each.close());
      await client.send(get('/'));
      const peer = await backend.accept();
      await peer.untilText('\r\n\r\n');
      const opening = ['Connection: upgrade', 'Upgrade: echo'];
      const tunnel = resources.adopt(await RawConnection.connect(port()), (each) => each.close());
      await tunnel.send(get('/', ...opening));
      const far = resources.adopt(await backend.accept(), (each) => each.close());
      await far.untilText('\r\n\r\n');
      await far.send(head('HTTP/1.1 101 Switching Protocols', ...opening));
      assert.equal((await tunnel.response()).status, 101);
      await app[how](backend.url);
      const left = (await app.servers()).map(({ active, state }) => `${active} ${state}`);
      assert.deepEqual(left, { drain: ['2 draining'], disable: ['2 disabled'], remove: [] }[how]);
      assert.equal(await answering(), '503');
      await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 4')}done`);
      assert.equal((await client.response()).body.toString(), 'done');
      await far.send('through the tunnel');
      await tunnel.untilText('through the tunnel');
      assert.equal(backend.connections.length, 2);
    });
  }

  test('change under the load of 100 connections without a single error', async () => {
    await start();
    const load = run(program('wrk'), [
      '-t1',
      '-c100',
      '-d6s',
      '--timeout',
      '30s',
      `http://127.0.0.1:${port()}/`,
    ]);
    let ended = false;
    void load.finally(() => (ended = true));
    let rounds = 0;
    for (; !ended; rounds++) {
      const [url, other] = [urls[rounds % 3], urls[(rounds + 1) % 3]];
      await app.remove(url);
      await app.setWeight(other, 1 + (rounds % 5));
      await app.disable(other);
      await app.add({ url, weight: 2 });
      await app.enable(other);
      await app.drain(url);
      await app.enable(url);
    }
    const { stdout } = await load;
    assert.match(stdout, /Requests\/sec/);
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout);
    assert.ok(rounds > 10, `${rounds} rounds`);
  });

  test('are checked when they are added, and not any more when they are removed', async () => {
    const backend = resources.use(await RawBackend.start());
    let checks = 0;
    backend.onConnection(() => checks++);
    await start({ servers: urls.slice(0, 1), health: { interval: '30ms', unhealthy: 1 } });
    await app.add(backend.url);
    await until(() => checks > 3, { what: 'it is checked' });
    await app.disable(backend.url);
    const before = checks;
    await until(() => checks > before + 3, { what: 'it is still checked' });
    await app.remove(backend.url);
    const other = resources.use(await RawBackend.start());
    await app.add(other.url);
    await until(() => other.connections.length > 0, { what: 'the other one is checked' });
    // The look of the prober that has found the one has lost the other; a check may have been under way.
    const after = checks;
    await until(() => other.connections.length > 10, { what: 'it is checked again and again' });
    assert.ok(checks - after <= 1, `${checks - after} checks`);
    const gone = `http://127.0.0.1:${await freePort()}`;
    await app.add(gone);
    await until(() => told.some((each) => each.server === gone && each.state === 'unhealthy'), {
      what: 'one that is not there is unhealthy',
    });
  });

  test('are all the addresses of their name, those too that are found later', async () => {
    await using dns = await Dnsmasq.start({ 'app.test': ['127.0.0.2', '127.0.0.3'] });
    const name = `http://app.test:${nginxPort}`;
    await start({ servers: [name], resolve: { interval: '50ms', nameservers: [dns.address] } });
    assert.equal(await answering(), '2,3');
    await app.disable(urls[0]);
    assert.equal(await answering(), '3');
    await app.drain(name);
    assert.equal(await answering(), '503');
    await app.enable(urls[1]);
    assert.equal(await answering(), '3');
    await dns.set({ 'app.test': ['127.0.0.2', '127.0.0.3', '127.0.0.4'] });
    const found = async (): Promise<boolean> => (await app.servers()).some(({ url }) => url === urls[2]);
    await until(found, { what: 'the third is found' });
    assert.equal(await answering(), '3');
    await assert.rejects(app.remove(urls[1]), /is an address of http:\/\/app\.test/);
    await app.enable(name);
    await until(async () => (await answering()) === '2,3,4', { what: 'both workers know all three' });
    await app.remove(name);
    assert.equal(await answering(), '503');
    await app.add(name);
    assert.equal(await answering(), '2,3,4');
    await app.add('http://later.test');
    await app.disable('http://later.test');
    const later = (await app.servers()).filter(({ resolved }) => !resolved);
    assert.deepEqual(
      later.map(({ url, state }) => `${url} ${state}`),
      ['http://later.test disabled'],
    );
  });
});
