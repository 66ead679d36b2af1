/** TLS to upstreams: a real nginx with certificates of every kind behind the proxy. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type Certificate, CertificateAuthority } from '../support/certificates.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Haproxy } from '../support/haproxy.ts';
import { get, head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { freePort } from '../support/ports.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { patterned, temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

/** What nginx tells of the connection: resumed or not, name asked for, ALPN, name in the client's certificate. */
const ABOUT = '$ssl_session_reused|$ssl_server_name|$ssl_alpn_protocol|$ssl_client_s_dn';

suite('TLS to upstreams', { skip: requires('nginx', 'openssl') }, () => {
  let authority: CertificateAuthority;
  let client: Certificate;
  const ports: Record<string, number> = {};

  before(async () => {
    authority = resources.use(new CertificateAuthority());
    client = authority.issue('client', ['DNS:client.example']);
    const names = ['DNS:localhost', 'IP:127.0.0.1'];
    const site = resources.use(temporarySite());
    const servers: string[] = [];
    const serve = async (name: string, certificate: Certificate, more = ''): Promise<void> => {
      ports[name] = await freePort();
      servers.push(`server {
        listen 127.0.0.1:${ports[name]} ssl;
        ssl_certificate ${certificate.cert};
        ssl_certificate_key ${certificate.key};
        root ${site.root};
        location = /about { return 200 "${ABOUT}"; }
        location = /moved { return 301 /about; }
        ${more}
      }`);
    };
    await serve('valid', authority.issue('valid', names));
    await serve('closing', authority.issue('closing', names), 'keepalive_timeout 0;');
    await serve(
      'closing12',
      authority.issue('closing12', names),
      'keepalive_timeout 0; ssl_protocols TLSv1.2;',
    );
    await serve('other', authority.issue('other', ['DNS:app.internal', 'IP:10.0.0.9']));
    await serve('other12', authority.issue('other12', ['DNS:app.internal']), 'ssl_protocols TLSv1.2;');
    await serve('expired', authority.issue('expired', names, -1));
    await serve('selfsigned', authority.selfSigned('selfsigned', names));
    await serve(
      'asking',
      authority.issue('asking', names),
      `ssl_client_certificate ${authority.ca}; ssl_verify_client on;`,
    );
    await serve('old', authority.issue('old', names), 'ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;');
    const nginx = resources.use(await Nginx.start({ root: site.root, http: servers.join('\n') }));
    ports.plain = nginx.port;
  });

  const start = (
    server: string,
    tls: Record<string, unknown> = {},
    host = 'localhost',
  ): Promise<DreamServer> =>
    startDreamServer({
      upstreams: {
        nginx: { servers: [`https://${host}:${ports[server]}`], tls: { ca: authority.ca, ...tls } },
      },
      routes: [{ proxy: { to: 'nginx' } }],
      workers: 1,
    });

  const about = async (server: DreamServer): Promise<string[]> =>
    (await exchange(server.port, get('/about'))).body.toString().split('|');

  /** What a request comes to, as its status, the codes in the log, and the reason in the event. */
  const refusal = async (server: DreamServer): Promise<(string | undefined)[]> => {
    const { status } = await exchange(server.port, get('/about'));
    const [{ error, cause }] = await server.untilLogged(1);
    const unreachable = (): string | undefined =>
      server.child.stderr.find((line) => line.includes('state=unreachable'));
    const event = await server.child.untilOutput('the event', unreachable);
    return [String(status), error, cause, /reason=(.*)$/.exec(event)?.[1]];
  };

  test('is spoken with the server that the certificate is for, by name and by address', async () => {
    await using byName = await start('valid');
    assert.deepEqual(await about(byName), ['.', 'localhost', 'http/1.1', '']);
    await using byAddress = await start('valid', {}, '127.0.0.1');
    assert.deepEqual(await about(byAddress), ['.', '', 'http/1.1', '']);
  });

  test('carries bodies whole, over a connection that is kept', async () => {
    await using server = await start('valid');
    using connection = await RawConnection.connect(server.port);
    for (let round = 0; round < 3; round++) {
      await connection.send(get('/large.bin'));
      assert.deepEqual((await connection.response()).body, Buffer.from(patterned(300_000)));
    }
  });

  for (const which of ['closing', 'closing12']) {
    test(`a session is resumed by the next connection (${which})`, async () => {
      await using server = await start(which);
      assert.equal((await about(server))[0], '.');
      assert.equal((await about(server))[0], 'r');
      assert.equal((await about(server))[0], 'r');
    });
  }

  test('a certificate for another host is refused, every time, and the names are told', async () => {
    await using server = await start('other');
    assert.deepEqual(await refusal(server), [
      '502',
      'upstream.tls-certificate',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'the certificate is for app.internal, 10.0.0.9, not for localhost',
    ]);
    for (let round = 0; round < 3; round++) {
      assert.equal((await exchange(server.port, get('/about'))).status, 502);
    }
  });

  test('a session with a server that did not prove itself is not resumed (TLS 1.2)', async () => {
    await using server = await start('other12');
    for (let round = 0; round < 4; round++) {
      assert.equal((await exchange(server.port, get('/about'))).status, 502);
    }
  });

  test('`serverName` is the name that is asked for and looked for', async () => {
    await using server = await start('other', { serverName: 'app.internal' });
    assert.equal((await about(server))[1], 'app.internal');
    await using wrong = await start('valid', { serverName: 'app.internal' });
    assert.equal(
      (await refusal(wrong))[3],
      'the certificate is for localhost, 127.0.0.1, not for app.internal',
    );
  });

  test('an expired certificate is refused', async () => {
    await using server = await start('expired');
    assert.deepEqual(await refusal(server), [
      '502',
      'upstream.tls-certificate',
      'CERT_HAS_EXPIRED',
      'the certificate has expired',
    ]);
  });

  test('a certificate that nobody trusted has signed is refused, unless it is itself the one to trust', async () => {
    await using server = await start('selfsigned');
    const [status, error, cause, reason] = await refusal(server);
    assert.deepEqual(
      [status, error, cause],
      ['502', 'upstream.tls-certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    );
    assert.match(reason ?? '', /signed by itself.*tls\.ca/);
    await using unknown = await start('valid', { ca: undefined });
    assert.equal((await refusal(unknown))[2], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('`verify: false` takes any certificate', async () => {
    for (const which of ['other', 'expired', 'selfsigned']) {
      await using server = await start(which, { ca: undefined, verify: false });
      assert.equal((await about(server))[1], 'localhost', which);
    }
  });

  test('a server that asks for a certificate gets ours', async () => {
    await using server = await start('asking', { ...client });
    assert.equal((await about(server))[3], 'CN=client');
    await using without = await start('asking');
    const answer = await exchange(without.port, get('/about'));
    assert.equal(answer.status, 400);
    assert.match(answer.body.toString(), /No required SSL certificate was sent/);
  });

  test(
    'a server that says with an alert that it wants a certificate is told as such',
    { skip: requires('haproxy') },
    async () => {
      const { cert, key } = authority.issue('haproxy', ['DNS:localhost']);
      using directory = temporaryDirectory();
      const both = directory.write('both.pem', readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
      await using haproxy = await Haproxy.listen({
        bind: `ssl crt ${both} ca-file ${authority.ca} verify required`,
        lines: ['http-request return status 200 content-type text/plain string hello'],
      });
      ports.alerting = haproxy.port;
      await using server = await start('alerting', { ...client });
      assert.equal((await exchange(server.port, get('/about'))).body.toString(), 'hello');
      await using without = await start('alerting');
      assert.equal((await exchange(without.port, get('/about'))).status, 502);
      const [{ error, cause }] = await without.untilLogged(1);
      assert.equal(error, 'upstream.tls-failed');
      assert.match(cause, /^ERR_SSL_/);
    },
  );

  test('a server that speaks no TLS, or an old one, is told as such', async () => {
    await using plain = await start('plain');
    const [status, error, , reason] = await refusal(plain);
    assert.deepEqual([status, error], ['502', 'upstream.tls-failed']);
    assert.equal(reason, 'what the server speaks on this port is not TLS');
    await using old = await start('old');
    assert.equal((await refusal(old))[1], 'upstream.tls-failed');
  });

  test('files that cannot be used are told in one line before anything starts', async () => {
    for (const [tls, expected] of [
      [{ ca: 'none.pem' }, /: the file \/\S*none\.pem does not exist$/],
      [{ ca: client.key }, /: there is no certificate in \/\S*client\.key, which should be a PEM file$/],
      [{ cert: authority.ca, key: client.key }, /: the key \/\S* does not belong to the certificate \/\S*$/],
      [{ cert: client.cert, key: client.cert }, /: there is no private key in \/\S*client\.pem/],
    ] as const) {
      await assert.rejects(start('valid', tls), (error: Error) => {
        const lines = error.message.split('\n').filter((line) => line.includes('dreamserver.yaml:'));
        assert.equal(lines.length, 1, error.message);
        assert.match(lines[0], expected);
        return true;
      });
    }
  });

  test("the Host is the server's own where that is asked for, and redirects that stay on it are followed", async () => {
    await using server = await startDreamServer({
      upstreams: { nginx: { servers: [`https://localhost:${ports.valid}`], tls: { ca: authority.ca } } },
      routes: [{ proxy: { to: 'nginx', host: 'upstream', followRedirects: true } }],
    });
    const answer = await exchange(server.port, head('GET /moved HTTP/1.1', 'Host: a.example'));
    assert.equal(answer.status, 200);
    assert.match(answer.body.toString(), /localhost/);
  });
});
