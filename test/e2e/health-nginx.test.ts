/** Health checks of nginx that wants the PROXY protocol, and of the addresses that a real name server has for a name. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Dnsmasq } from '../support/dnsmasq.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { Nginx, nginxCounters } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { freePort } from '../support/ports.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

/** What the event log says of checks. */
const events = ({ child }: DreamServer): string[] =>
  child.stderr.flatMap((line) => /server=.*state=(?:un)?healthy.*/.exec(line)?.[0] ?? []);

const untilEvent = (server: DreamServer, event: string): Promise<boolean> =>
  until(() => events(server).includes(event), { what: event });

const HEALTH = { path: '/healthz', interval: '50ms', healthy: 1, unhealthy: 1 };

suite('checks with the PROXY protocol', { skip: requires('nginx') }, () => {
  for (const version of ['v1', 'v2']) {
    test(`of nginx that takes no connection without ${version} find it well, and gone, and well again`, async () => {
      using site = temporarySite();
      const port = await freePort();
      await using nginx = await Nginx.start({
        root: site.root,
        http: `server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "<$proxy_protocol_addr>"; } }`,
      });
      const url = `http://127.0.0.1:${port}`;
      await using server = await startDreamServer({
        upstreams: {
          app: { servers: [url], proxyProtocol: version, health: { ...HEALTH, body: '<>' } },
        },
        routes: [{ proxy: 'app' }],
        workers: 1,
      });
      const { requests } = await nginxCounters(nginx);
      await until(async () => (await nginxCounters(nginx)).requests > requests + 20, { what: 'some checks' });
      // No client's address is told with them, and nginx refuses what begins in another way.
      assert.deepEqual(events(server), []);
      await assert.rejects(exchange(port, get('/')));
      assert.equal((await exchange(server.port, get('/'))).body.toString(), '<127.0.0.1>');
      await nginx.kill();
      // A check that was under way is reset, the next one refused.
      await until(
        () => events(server).some((event) => event.startsWith(`server=${url} | state=unhealthy | error=`)),
        {
          what: 'the server is found gone',
        },
      );
      await until(async () => (await exchange(server.port, get('/'))).status === 503, {
        what: 'it is used no more',
      });
      await nginx.start();
      await untilEvent(server, `server=${url} | state=healthy`);
    });
  }
});

suite('checks of the addresses of a name', { skip: requires('nginx', 'dnsmasq') }, () => {
  test('are made of each by itself, of those that come, and of none that is gone', async () => {
    using site = temporarySite();
    const port = await freePort();
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
    const url = (address: string): string => `http://${address}:${port}`;
    // Each address is well while there is a file of its name.
    const well = (address: string): string => site.write(address, 'ok');
    const sick = (address: string): void => rmSync(join(site.root, address));
    const listens = addresses.map((address) => `listen ${address}:${port};`).join(' ');
    const checks = `location = /healthz { root ${site.root}; try_files /$server_addr =503; }`;
    await using nginx = await Nginx.start({
      root: site.root,
      http: `server { ${listens} ${checks} location / { return 200 $server_addr; } }`,
    });
    assert.ok(nginx.port > 0);
    for (const address of addresses) well(address);
    await using dns = await Dnsmasq.start({ 'app.test': ['127.0.0.2', '127.0.0.3'] });
    await using server = await startDreamServer({
      upstreams: {
        app: {
          servers: [`http://app.test:${port}`],
          resolve: { interval: '50ms', nameservers: [dns.address] },
          health: HEALTH,
        },
      },
      routes: [{ proxy: 'app' }],
      workers: 2,
    });
    /** Waits until these and no others answer, whichever worker is asked. */
    const untilAnswering = async (...wanted: string[]): Promise<void> => {
      const answering = async (): Promise<string> => {
        const answers = await Promise.all(Array.from({ length: 16 }, () => exchange(server.port, get('/'))));
        return [...new Set(answers.map(({ body }) => body.toString()))].toSorted().join(' ');
      };
      await until(async () => (await answering()) === wanted.join(' '), { what: wanted.join(' ') });
    };
    await untilAnswering('127.0.0.2', '127.0.0.3');
    assert.deepEqual(events(server), []);

    sick('127.0.0.3');
    await untilEvent(server, `server=${url('127.0.0.3')} | state=unhealthy | error=status 503`);
    await untilAnswering('127.0.0.2');

    // The one that is sick stays so when others come and go.
    sick('127.0.0.4');
    await dns.set({ 'app.test': ['127.0.0.3', '127.0.0.2', '127.0.0.4'] });
    await untilEvent(server, `server=${url('127.0.0.4')} | state=unhealthy | error=status 503`);
    await untilAnswering('127.0.0.2');

    well('127.0.0.3');
    await untilEvent(server, `server=${url('127.0.0.3')} | state=healthy`);
    await dns.set({ 'app.test': ['127.0.0.3', '127.0.0.4'] });
    await untilAnswering('127.0.0.3');
    assert.equal(events(server).length, 3);
  });
});
