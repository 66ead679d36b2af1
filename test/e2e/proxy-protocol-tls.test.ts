/** The PROXY protocol to servers with TLS: its header stands before the handshake, as nginx and HAProxy read it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type Certificate, CertificateAuthority } from '../support/certificates.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Haproxy } from '../support/haproxy.ts';
import { get, head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { freePort } from '../support/ports.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { sha256 } from '../support/sha256.ts';
import { patterned, temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

suite('servers with TLS', { skip: requires('nginx', 'haproxy', 'openssl') }, () => {
  let authority: CertificateAuthority;
  let certificate: Certificate;
  const large = patterned(3_000_000);
  let nginx: Nginx;
  let port: number;

  before(async () => {
    authority = resources.use(new CertificateAuthority());
    certificate = authority.issue('valid', ['DNS:localhost', 'IP:127.0.0.1']);
    const site = resources.use(temporarySite());
    site.write('larger.bin', large);
    port = await freePort();
    nginx = resources.use(
      await Nginx.start({
        root: site.root,
        http: `server {
          listen 127.0.0.1:${port} ssl proxy_protocol;
          ssl_certificate ${certificate.cert};
          ssl_certificate_key ${certificate.key};
          root ${site.root};
          location = /told { return 200 "$proxy_protocol_addr $proxy_protocol_port $ssl_session_reused $connection"; }
        }`,
      }),
    );
  });

  const start = (to: number, version: string, more: Record<string, unknown> = {}): Promise<DreamServer> =>
    startDreamServer({
      upstreams: {
        secured: {
          servers: [`https://localhost:${to}`],
          tls: { ca: authority.ca },
          proxyProtocol: version,
          ...more,
        },
      },
      routes: [{ proxy: 'secured' }],
      workers: 1,
    });

  for (const version of ['v1', 'v2']) {
    test(`such as nginx are told by ${version} who the client is, each over connections of its own`, async () => {
      await using server = await start(port, version);
      const connections = new Set<string>();
      for (const localAddress of ['127.0.0.8', '127.0.0.9']) {
        using client = await RawConnection.open({ host: '127.0.0.1', port: server.port, localAddress });
        for (let round = 0; round < 3; round++) {
          await client.send(get('/told'));
          const [address, from, , connection] = (await client.response()).body.toString().split(' ');
          assert.deepEqual([address, from], [localAddress, String(client.socket.localPort)]);
          connections.add(connection);
        }
      }
      assert.equal(connections.size, 2);
    });

    test(`such as HAProxy are told by ${version}, and the checks too`, async () => {
      const directory = resources.use(temporaryDirectory());
      const both = directory.write(
        'both.pem',
        readFileSync(certificate.cert, 'utf8') + readFileSync(certificate.key, 'utf8'),
      );
      await using haproxy = await Haproxy.listen({
        bind: `accept-proxy ssl crt ${both}`,
        lines: ['http-request return status 200 content-type text/plain lf-string "%[src]"'],
      });
      const health = { path: '/', interval: '50ms', healthy: 1, unhealthy: 1 };
      await using server = await start(haproxy.port, version, { health });
      using client = await RawConnection.open({
        host: '127.0.0.1',
        port: server.port,
        localAddress: '127.0.0.7',
      });
      for (let round = 0; round < 20; round++) {
        await client.send(get('/'));
        assert.equal((await client.response()).body.toString(), '127.0.0.7');
      }
      assert.deepEqual(
        server.child.stderr.filter((line) => line.includes('unhealthy')),
        [],
      );
    });
  }

  test('have no connection of ours any more once that was idle for long enough', async () => {
    await using server = await start(port, 'v2', { pool: { idleTimeout: '100ms' } });
    const openFiles = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = openFiles();
    for (let round = 0; round < 10; round++) {
      assert.equal((await exchange(server.port, get('/told'))).status, 200);
    }
    await until(() => openFiles() <= before, { what: `${before} open files again` });
  });

  test('send large answers whole, also to a client that takes its time', async () => {
    await using server = await start(port, 'v2');
    using client = await RawConnection.connect(server.port);
    client.socket.pause();
    await client.send(get('/larger.bin'));
    // It reads again when others have been served meanwhile.
    assert.equal((await exchange(server.port, get('/told'))).status, 200);
    client.socket.resume();
    const { body } = await client.response();
    assert.equal(sha256(body), sha256(large));
  });

  test('that are not there, or whose certificate is for another, are told as ever', async () => {
    await using dead = await start(await freePort(), 'v2');
    assert.equal((await exchange(dead.port, get('/'))).status, 502);
    assert.equal((await dead.untilLogged(1))[0].error, 'upstream.connect-failed');
    await using other = await start(port, 'v2', { tls: { ca: authority.ca, serverName: 'other.example' } });
    assert.equal((await exchange(other.port, get('/'))).status, 502);
    assert.equal((await other.untilLogged(1))[0].error, 'upstream.tls-certificate');
    // And one that speaks no TLS.
    await using plain = await start(nginx.port, 'v2');
    assert.equal((await exchange(plain.port, head('GET / HTTP/1.1', 'Host: a'))).status, 502);
    assert.equal((await plain.untilLogged(1))[0].error, 'upstream.tls-failed');
  });
});
