/** What the proxy changes on the way to a real Django and back, and what it leaves alone. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { curl, type CurlResult, headField } from '../support/curl.ts';
import { DJANGO_PROGRAMS, DjangoSite } from '../support/django.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

interface Described {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly protocol: string;
  readonly absolute: string;
  readonly cookies: Record<string, string>;
  readonly fields: Record<string, string>;
}

suite('Django behind the proxy', { skip: requires(...DJANGO_PROGRAMS, 'curl') }, () => {
  let django: DjangoSite;
  let server: DreamServer;

  before(async () => {
    django = resources.use(await DjangoSite.start());
    server = resources.use(
      await startDreamServer({
        upstreams: { django: { servers: [django.url] } },
        routes: [
          { match: { host: 'djangoserver.com' }, proxy: { to: 'django' } },
          { match: { host: 'localhost' }, proxy: { to: 'django', followRedirects: { max: 5 } } },
        ],
        workers: 1,
      }),
    );
  });

  const address = (path: string): string => `http://djangoserver.com:${server.port}${path}`;
  const ask = (path: string, ...args: string[]): Promise<CurlResult> =>
    curl(['--resolve', `djangoserver.com:${server.port}:127.0.0.1`, ...args, address(path)]);
  /** The same application on the route that follows redirects itself. */
  const askFollowing = (path: string, ...args: string[]): Promise<CurlResult> =>
    curl([...args, `http://localhost:${server.port}${path}`]);

  suite('what Django sees', () => {
    const described = async (request: string): Promise<{ seen: Described; id: string }> => {
      const response = await exchange(server.port, request);
      assert.equal(response.status, 200);
      return {
        seen: JSON.parse(response.body.toString()) as Described,
        id: field(response, 'X-Request-Id') ?? '',
      };
    };
    const host = (): string => `djangoserver.com:${server.port}`;
    const request = (...fields: string[]): string =>
      head('GET /probe/request?a=%20b&c HTTP/1.1', `Host: ${host()}`, ...fields);

    test('the Host of the client, so that absolute URLs are right', async () => {
      const { seen } = await described(request());
      assert.equal(seen.fields.host, host());
      assert.equal(seen.absolute, `http://${host()}/somewhere`);
      assert.equal(seen.query, 'a=%20b&c');
    });

    test('who asked, how, and under which id', async () => {
      const { seen, id } = await described(request());
      assert.equal(seen.fields['x-forwarded-for'], '127.0.0.1');
      assert.equal(seen.fields['x-forwarded-proto'], 'http');
      assert.equal(seen.fields['x-forwarded-host'], host());
      assert.equal(seen.fields['x-request-id'], id);
      assert.match(seen.fields.via, /^1\.1 \S+/);
      assert.match((await described(request().replace('HTTP/1.1', 'HTTP/1.0'))).seen.fields.via, /^1\.0 \S+/);
    });

    for (const forged of ['X-Forwarded-For', 'X_Forwarded_For', 'x_forwarded-for']) {
      test(`who asked, whatever the client says of itself in ${forged}`, async () => {
        const { seen } = await described(request(`${forged}: 6.6.6.6`));
        assert.equal(seen.fields['x-forwarded-for'], '127.0.0.1');
      });
    }

    test('how and under which id, whatever the client says of itself', async () => {
      const { seen, id } = await described(
        request('X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example', 'X-Request-Id: mine'),
      );
      assert.equal(seen.fields['x-forwarded-proto'], 'http');
      assert.equal(seen.fields['x-forwarded-host'], host());
      assert.equal(seen.fields['x-request-id'], id);
      assert.notEqual(id, 'mine');
    });

    test('end-to-end fields as they were, cookies too', async () => {
      const { seen } = await described(
        request('X-Thing: a, b', 'Cookie: one=1; two=2', 'Accept: text/x', 'X-Empty:'),
      );
      assert.equal(seen.fields['x-thing'], 'a, b');
      assert.equal(seen.fields.accept, 'text/x');
      assert.equal(seen.fields['x-empty'], '');
      assert.deepEqual(seen.cookies, { one: '1', two: '2' });
    });

    test('no hop-by-hop field, nor one that Connection names', async () => {
      const { seen } = await described(
        request(
          'Connection: keep-alive, X-Hop',
          'Connection: x-hop-two',
          'X-Hop: 1',
          'X-Hop-Two: 2',
          'Keep-Alive: timeout=5',
          'Proxy-Connection: keep-alive',
          'TE: trailers, gzip',
          'X-Stays: 3',
        ),
      );
      for (const name of ['x-hop', 'x-hop-two', 'keep-alive', 'proxy-connection']) {
        assert.ok(!(name in seen.fields), name);
      }
      assert.doesNotMatch(seen.fields.te ?? '', /gzip/);
      assert.doesNotMatch(seen.fields.connection ?? '', /hop/i);
      assert.equal(seen.fields['x-stays'], '3');
    });

    test('the fields that a client may not take away by naming them in Connection', async () => {
      const named = 'Connection: Host, X-Forwarded-For, X-Request-Id, Content-Length, Cookie';
      const body = 'abc';
      const response = await exchange(
        server.port,
        `${head('POST /probe/request HTTP/1.1', `Host: ${host()}`, named, `Content-Length: ${body.length}`)}${body}`,
      );
      if (response.status === 400) return;
      const seen = JSON.parse(response.body.toString()) as Described;
      assert.equal(seen.fields.host, host());
      assert.equal(seen.fields['x-forwarded-for'], '127.0.0.1');
      assert.equal(seen.fields['content-length'], '3');
    });
  });

  suite('what comes back', () => {
    test('every Set-Cookie as Django wrote it', async () => {
      const response = await exchange(
        server.port,
        head('GET /probe/cookies/set HTTP/1.1', 'Host: djangoserver.com'),
      );
      const cookies = response.fields
        .filter(([name]) => /^set-cookie$/i.test(name))
        .map(([, value]) => value);
      assert.deepEqual(cookies, ['first=one; HttpOnly; Path=/', 'second=two; Path=/probe; SameSite=Lax']);
    });

    test("the client's connection stays open though gunicorn closes its own", async () => {
      using client = await RawConnection.connect(server.port);
      for (let round = 0; round < 5; round++) {
        await client.send(head('GET /probe/status/200 HTTP/1.1', 'Host: djangoserver.com'));
        const response = await client.response();
        assert.equal(response.body.toString(), 'status 200\n');
        assert.notEqual(field(response, 'Connection')?.toLowerCase(), 'close');
      }
    });

    for (const status of [200, 201, 204, 304, 400, 404, 418, 500, 503]) {
      test(`status ${status}`, async () => {
        const response = await exchange(
          server.port,
          get(`/probe/status/${status}`).replace('localhost', 'djangoserver.com'),
        );
        assert.equal(response.status, status);
        assert.equal(response.body.toString(), status === 204 || status === 304 ? '' : `status ${status}\n`);
      });
    }

    test('a streamed answer piece by piece, as soon as each is there', async () => {
      using client = await RawConnection.connect(server.port);
      await client.send(head('GET /probe/stream/pieces HTTP/1.1', 'Host: djangoserver.com'));
      await django.untilHeld('pieces');
      assert.ok(!(await client.untilText('first\n')).includes('second'));
      django.release('pieces');
      const response = await client.response();
      assert.equal(response.framing, 'chunked');
      assert.equal(response.body.toString(), 'first\nsecond\n');
    });

    test('a streamed answer to HTTP/1.0 ends with the connection, without chunks', async () => {
      using client = await RawConnection.connect(server.port);
      django.release('old');
      await client.send(
        head('GET /probe/stream/old HTTP/1.0', 'Host: djangoserver.com', 'Connection: keep-alive'),
      );
      const response = await client.response();
      assert.equal(response.framing, 'until-close');
      assert.equal(response.body.toString(), 'first\nsecond\n');
    });
  });

  suite('redirects', () => {
    for (const [path, location] of [
      ['/probe/redirect/relative', '../request?from=relative'],
      ['/probe/redirect/elsewhere', 'http://elsewhere.example/probe/request'],
    ]) {
      test(`are passed on as they are: ${path}`, async () => {
        const result = await ask(path);
        assert.equal(result.status, 302);
        assert.equal(headField(result.head, 'Location'), location);
      });
    }

    test('to an absolute address name the public host and port; curl follows them', async () => {
      const result = await ask('/probe/redirect/absolute');
      assert.equal(headField(result.head, 'Location'), address('/probe/request?from=absolute'));
      const followed = await ask('/probe/redirect/absolute', '--location');
      assert.equal((followed.json() as Described).query, 'from=absolute');
    });

    for (const kind of ['relative', 'absolute', 'chain/0', 'chain/4']) {
      test(`are followed by the server where the route says so: ${kind}`, async () => {
        const result = await askFollowing(`/probe/redirect/${kind}`);
        assert.equal(result.status, 200, result.head);
        const seen = result.json() as Described;
        assert.equal(seen.path, '/probe/request');
        assert.equal(seen.query, `from=${kind.split('/')[0]}`);
        assert.equal(seen.fields.host, `localhost:${server.port}`);
        assert.equal(seen.fields['x-request-id'], headField(result.head, 'X-Request-Id'));
      });
    }

    test('are followed for HEAD as well', async () => {
      const result = await askFollowing('/probe/redirect/chain/1', '--head');
      assert.equal(result.status, 200);
      assert.match(headField(result.head, 'Content-Type') ?? '', /json/);
    });

    for (const kind of ['chain/5', 'chain/50', 'loop']) {
      test(`are not followed without end: ${kind}`, async () => {
        assert.equal((await askFollowing(`/probe/redirect/${kind}`)).status, 502);
      });
    }

    test('to another host are never followed by the server', async () => {
      const result = await askFollowing('/probe/redirect/elsewhere');
      assert.equal(result.status, 302);
      assert.equal(headField(result.head, 'Location'), 'http://elsewhere.example/probe/request');
    });

    test('that answer a POST are never followed by the server', async () => {
      const result = await askFollowing('/probe/redirect/relative', '-d', 'a=b');
      assert.equal(result.status, 302);
    });
  });
});
