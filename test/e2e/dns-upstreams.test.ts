/** Upstreams whose servers are found by name: nginx on several addresses behind the names of a real name server. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { Dnsmasq } from '../support/dnsmasq.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { freePort } from '../support/ports.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

suite('servers with names', { skip: requires('nginx', 'dnsmasq') }, () => {
  let port: number;

  before(async () => {
    port = await freePort();
    const site = resources.use(temporarySite());
    const listens = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
      .map((each) => `listen ${each}:${port};`)
      .join(' ');
    const http = `server { ${listens} location / { return 200 "$server_addr $http_host"; } }`;
    resources.use(await Nginx.start({ root: site.root, http }));
  });

  const start = (dns: Dnsmasq, url: string, resolve: Record<string, unknown> = {}): Promise<DreamServer> =>
    startDreamServer({
      upstreams: {
        app: { servers: [url], resolve: { interval: '50ms', nameservers: [dns.address], ...resolve } },
      },
      routes: [{ proxy: { to: 'app', host: 'upstream' } }],
      workers: 1,
    });

  /** Whom a number of requests were answered by. */
  const answering = async (server: DreamServer): Promise<string> => {
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const { status, body } = await exchange(server.port, get('/'));
      answers.add(status === 200 ? body.toString().split(' ')[0] : String(status));
    }
    return [...answers].toSorted().join(' ');
  };

  const untilAnswering = (server: DreamServer, wanted: string): Promise<boolean> =>
    until(async () => (await answering(server)) === wanted, { what: `${wanted} answering` });

  test('are asked in turn at all their addresses, by their name, and come and go with these', async () => {
    await using dns = await Dnsmasq.start({ 'app.test': ['127.0.0.2', '127.0.0.3'] });
    await using server = await start(dns, `http://app.test:${port}`);
    assert.equal(await answering(server), '127.0.0.2 127.0.0.3');
    const { body } = await exchange(server.port, get('/'));
    assert.equal(body.toString().split(' ')[1], `app.test:${port}`);
    await dns.set({ 'app.test': ['127.0.0.3', '127.0.0.4'] });
    await untilAnswering(server, '127.0.0.3 127.0.0.4');
    const event = new RegExp(
      `server=http://app\\.test:${port} \\| state=resolved \\| addresses=.*127\\.0\\.0\\.4`,
    );
    await server.child.untilOutput('the event', () => server.child.stderr.some((line) => event.test(line)));
  });

  test('that are nowhere to be found do not fail the start: 503 with a warning, until they are', async () => {
    await using dns = await Dnsmasq.start({});
    await using server = await start(dns, `http://later.test:${port}`);
    const answer = await exchange(server.port, get('/'));
    assert.equal(answer.status, 503);
    assert.match(field(answer, 'Retry-After') ?? '', /^\d+$/);
    const [{ error }] = await server.untilLogged(1);
    assert.equal(error, 'upstream.no-server');
    const warning = /^\[WARN\] .*state=unresolved \| error=ENOTFOUND/;
    await server.child.untilOutput('the warning', () =>
      server.child.stderr.some((line) => warning.test(line)),
    );
    await dns.set({ 'later.test': ['127.0.0.4'] });
    await untilAnswering(server, '127.0.0.4');
  });

  test('of SRV records have their own ports', async () => {
    const service = (host: string, priority: number): string =>
      `_app._tcp.test,${host}.test,${port},${priority},1`;
    await using dns = await Dnsmasq.start({ 'two.test': ['127.0.0.2'], 'three.test': ['127.0.0.3'] }, [
      service('two', 1),
      service('three', 2),
    ]);
    await using server = await start(dns, 'http://_app._tcp.test', { srv: true });
    assert.equal(await answering(server), '127.0.0.2');
  });

  test('change under load without an error', async () => {
    await using dns = await Dnsmasq.start({ 'app.test': ['127.0.0.2'] });
    await using server = await start(dns, `http://app.test:${port}`);
    const load = new Load({ port: server.port, target: '/', connections: 20, each: 300 });
    for (const address of ['127.0.0.3', '127.0.0.4', '127.0.0.2']) await dns.set({ 'app.test': [address] });
    await load.done;
    assert.deepEqual(load.failures, []);
    assert.equal(load.count(200), 6000);
  });
});
