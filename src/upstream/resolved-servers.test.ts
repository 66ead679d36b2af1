import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Dnsmasq } from '../../test/support/dnsmasq.ts';
import { requires } from '../../test/support/packages.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { until } from '../../test/support/until.ts';
import { ResolvedServers } from './resolved-servers.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';

const SERVICES = [
  '_http._tcp.app.test,one.test,8001,10,5',
  '_http._tcp.app.test,two.test,8002,10,0',
  '_http._tcp.app.test,three.test,8003,20,7',
];

let dns: Dnsmasq;
let told: string[];
let closing: ResolvedServers[];

function resolved(
  urls: readonly string[],
  resolve: Partial<UpstreamOptions['resolve']> = {},
): ResolvedServers {
  const defaults = { static: {}, interval: 50, srv: false, nameservers: [dns.address] };
  const options = { ...upstreamOptions([]), servers: urls.map((url) => upstreamServer(url)) };
  const servers = new ResolvedServers(
    { ...options, resolve: { ...defaults, ...resolve } },
    {
      use: (now) => told.push(`use ${shown(now)}`),
      resolved: ({ url }, found) => told.push(`resolved ${url}: ${shown(found)}`),
      unresolved: ({ url }, code) => told.push(`unresolved ${url}: ${code}`),
    },
  );
  closing.push(servers);
  return servers;
}

const shown = (servers: readonly UpstreamServer[]): string => servers.map(({ url }) => url).join(' ');

const untilTold = (what: string): Promise<boolean> => until(() => told.includes(what), { what, every: 5 });

describe('servers that have names', { skip: requires('dnsmasq') }, () => {
  beforeEach(async () => {
    told = [];
    closing = [];
    dns = await Dnsmasq.start(
      {
        'app.test': ['127.0.0.3', '127.0.0.2', '::1'],
        'one.test': ['127.0.0.1'],
        'two.test': ['127.0.0.2'],
        'three.test': ['127.0.0.3'],
      },
      SERVICES,
    );
  });
  afterEach(async () => {
    for (const servers of closing) servers.close();
    await dns[Symbol.asyncDispose]();
  });

  it('are one for each address, of both families, and keep their name', async () => {
    const servers = resolved(['http://10.0.0.1', 'http://app.test:8000']);
    assert.equal(shown(servers.servers), 'http://10.0.0.1');
    await servers.start();
    const all = 'http://10.0.0.1 http://127.0.0.2:8000 http://127.0.0.3:8000 http://[::1]:8000';
    assert.equal(shown(servers.servers), all);
    assert.deepEqual(told, [
      'resolved http://app.test:8000: http://127.0.0.2:8000 http://127.0.0.3:8000 http://[::1]:8000',
      `use ${all}`,
    ]);
    const last = servers.servers[3];
    assert.deepEqual(
      [last.hostname, last.authority, last.address, last.port],
      ['app.test', 'app.test:8000', '::1', 8000],
    );
  });

  it('come and go with the addresses, and nothing is told while they stay', async () => {
    const servers = resolved(['http://app.test']);
    await servers.start();
    told.length = 0;
    await dns.set({ 'app.test': ['127.0.0.2', '127.0.0.9'] });
    await untilTold('use http://127.0.0.2 http://127.0.0.9');
    assert.equal(told.length, 2);
  });

  it('are none while the name has no address, which is told once, and those there are when it has', async () => {
    const servers = resolved(['http://later.test']);
    await servers.start();
    assert.deepEqual(servers.servers, []);
    assert.deepEqual(told, ['unresolved http://later.test: ENOTFOUND']);
    await dns.set({ 'later.test': ['127.0.0.4'] });
    await untilTold('use http://127.0.0.4');
    assert.deepEqual(told, [
      'unresolved http://later.test: ENOTFOUND',
      'resolved http://later.test: http://127.0.0.4',
      'use http://127.0.0.4',
    ]);
  });

  it('stay what they were when the name is lost, and when it comes back the same', async () => {
    const servers = resolved(['http://one.test']);
    await servers.start();
    await dns.set({});
    await untilTold('unresolved http://one.test: ENOTFOUND');
    assert.equal(shown(servers.servers), 'http://127.0.0.1');
    told.length = 0;
    await dns.set({ 'one.test': ['127.0.0.1'] });
    await untilTold('resolved http://one.test: http://127.0.0.1');
    assert.equal(told.length, 1);
  });

  it('are those of SRV records, with port and weight, those of a lower priority as backups', async () => {
    const servers = resolved(['http://_http._tcp.app.test'], {
      srv: true,
      static: { 'three.test': '10.0.0.3' },
    });
    await servers.start();
    assert.deepEqual(
      servers.servers
        .map(({ url, weight, backup }) => [url, weight, backup])
        .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
      [
        ['http://10.0.0.3:8003', 7, true],
        ['http://127.0.0.1:8001', 5, false],
        ['http://127.0.0.2:8002', 1, false],
      ],
    );
  });

  it('may be added, also where there was no name, and removed', async () => {
    const servers = resolved(['http://10.0.0.1']);
    await servers.start();
    told.length = 0;
    const [address, name] = [upstreamServer('http://10.0.0.1'), upstreamServer('http://one.test')];
    await servers.list([address, name]);
    assert.deepEqual(told, [
      'use http://10.0.0.1',
      'resolved http://one.test: http://127.0.0.1',
      'use http://10.0.0.1 http://127.0.0.1',
    ]);
    await dns.set({ 'one.test': ['127.0.0.9'] });
    await untilTold('use http://10.0.0.1 http://127.0.0.9');
    await servers.list([address]);
    assert.equal(shown(servers.servers), 'http://10.0.0.1');
    await servers.list([address, upstreamServer('http://one.test')]);
    assert.equal(shown(servers.servers), 'http://10.0.0.1 http://127.0.0.9');
  });

  it('are not found any more when they were removed while they were looked up', async () => {
    const servers = resolved(['http://10.0.0.1']);
    await servers.start();
    told.length = 0;
    const added = servers.list([upstreamServer('http://one.test'), upstreamServer('http://nowhere.test')]);
    assert.deepEqual(
      servers.missing.map(({ url }) => url),
      ['http://one.test', 'http://nowhere.test'],
    );
    await servers.list([]);
    await added;
    assert.deepEqual(servers.servers, []);
    assert.deepEqual(told, ['use ', 'use ']);
  });

  it('are looked up as the system does it where no name server is given', async () => {
    const servers = resolved(['http://localhost:8000'], { nameservers: [] });
    await servers.start();
    assert.match(shown(servers.servers), /http:\/\/(127\.0\.0\.1|\[::1\]):8000/);
  });

  it('are not looked up where the configuration has the address', async () => {
    const servers = resolved(['http://app.test'], { static: { 'app.test': '10.0.0.7' } });
    await servers.start();
    assert.deepEqual(told, []);
    assert.equal(shown(servers.servers), 'http://app.test');
  });

  it('hold up a start for three seconds at the most', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const silent = resolved(['http://app.test'], { nameservers: [`127.0.0.1:${socket.address().port}`] });
    const began = performance.now();
    await silent.start();
    const took = performance.now() - began;
    socket.close();
    assert.ok(took < 5000, `${took} ms`);
  });
});
