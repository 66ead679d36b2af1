/** The PROXY protocol with the programs that speak it: HAProxy in front of us. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Haproxy } from '../support/haproxy.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { freePort } from '../support/ports.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

suite('HAProxy in front', { skip: requires('haproxy') }, () => {
  const start = async (trustedProxies: readonly string[]): Promise<DreamServer> =>
    startDreamServer({
      listeners: [{ address: `127.0.0.1:${await freePort()}`, proxyProtocol: true }],
      trustedProxies,
      routes: [{ respond: { body: 'ok' } }],
    });

  for (const how of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options unique-id,crc32c']) {
    test(`tells by ${how} who its clients are`, async () => {
      await using server = await start(['127.0.0.1']);
      await using haproxy = await Haproxy.listen({
        lines: ['unique-id-format %[uuid()]', `server dream 127.0.0.1:${server.port} ${how}`],
      });
      // Another address of this machine than the one that HAProxy connects from.
      using client = await RawConnection.open({
        host: '127.0.0.1',
        port: haproxy.port,
        localAddress: '127.0.0.9',
      });
      for (let round = 0; round < 3; round++) {
        await client.send(get('/'));
        assert.equal((await client.response()).body.toString(), 'ok');
      }
      const entries = await server.untilLogged(3);
      assert.deepEqual(
        entries.map(({ ip }) => ip),
        ['127.0.0.9', '127.0.0.9', '127.0.0.9'],
      );
    });

    test(`sees us with its health checks by ${how}, which leave no trace in the log`, async () => {
      await using server = await start(['127.0.0.1']);
      await using haproxy = await Haproxy.listen({
        lines: [
          'unique-id-format %[uuid()]',
          `server dream 127.0.0.1:${server.port} ${how} check check-send-proxy inter 50ms fall 1 rise 1`,
        ],
      });
      for (let round = 0; round < 5; round++) {
        await until(async () => (await exchange(haproxy.port, get('/'))).status === 200, {
          what: 'HAProxy has its server up',
          every: 60,
        });
      }
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      for (const { status, error } of server.requests) assert.deepEqual([status, error], ['200', undefined]);
    });
  }

  test('that is not trusted gets nothing', async () => {
    await using server = await start(['192.0.2.1']);
    await using haproxy = await Haproxy.listen({
      lines: [`server dream 127.0.0.1:${server.port} send-proxy-v2`],
    });
    const { status } = await exchange(haproxy.port, get('/'));
    assert.ok(status === 502 || status === 503, String(status));
    const [{ error, ip }] = await server.untilLogged(1);
    assert.deepEqual([error, ip], ['proxy-protocol.untrusted', '127.0.0.1']);
  });
});

suite('nginx behind', { skip: requires('nginx') }, () => {
  const TOLD =
    '$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port $connection';

  for (const version of ['v1', 'v2']) {
    test(`is told by ${version} who the client is, over connections of its own`, async () => {
      using site = temporarySite();
      const port = await freePort();
      await using nginx = await Nginx.start({
        root: site.root,
        http: `server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "${TOLD}"; } }`,
      });
      await using server = await startDreamServer({
        upstreams: { nginx: { servers: [`http://127.0.0.1:${port}`], proxyProtocol: version } },
        routes: [{ proxy: { to: 'nginx' } }],
        workers: 1,
      });
      assert.ok(nginx.port > 0);
      const open = (localAddress: string): Promise<RawConnection> =>
        RawConnection.open({ host: '127.0.0.1', port: server.port, localAddress });
      using anna = await open('127.0.0.8');
      using bert = await open('127.0.0.9');
      const told = new Map<RawConnection, Set<string>>([
        [anna, new Set()],
        [bert, new Set()],
      ]);
      for (let round = 0; round < 5; round++) {
        for (const [client, answers] of told) {
          await client.send(get('/'));
          answers.add((await client.response()).body.toString());
        }
      }
      const connections = [...told].map(([client, answers]) => {
        const [[answer, ...others]] = [[...answers]];
        assert.deepEqual(others, []);
        const { localAddress, localPort } = client.socket;
        const [from, to, connection] = answer.split(' ');
        assert.deepEqual([from, to], [`${localAddress}:${localPort}`, `127.0.0.1:${server.port}`]);
        return connection;
      });
      assert.notEqual(connections[0], connections[1]);
    });
  }
});
