/** Redirects that are followed for the client: by the rules of RFC 9110 §15.4, not for ever, and with the cookies of the way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field, fieldValues, type RawResponse } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RequestReader, type RawRequest } from '../../../test/support/request-reader.ts';
import type { ProxyOptions } from './schema.ts';

const rig = ProxyRig.perTest();

const GET = ['GET', 'HEAD'];
const ALL = [...GET, 'POST', 'PUT', 'DELETE'];

interface Setup {
  readonly max?: number;
  readonly methods?: readonly string[];
  readonly proxy?: Partial<ProxyOptions>;
}

interface Walk {
  readonly requests: readonly RawRequest[];
  /** `GET /a`, `GET /b`, … */
  readonly steps: readonly string[];
  readonly response: RawResponse;
}

/** A request, to which and to those that follow from it the backend gives these answers, on one connection. */
async function walk(request: string, answers: readonly string[], setup: Setup = {}): Promise<Walk> {
  const { max = 5, methods = GET } = setup;
  await rig.start({
    proxy: { followRedirects: { max, methods }, ...setup.proxy },
    upstream: { pool: { max: 1, idleTimeout: 60_000 } },
  });
  await rig.client.send(request);
  const reader = new RequestReader(await rig.backend.accept());
  const requests = [];
  for (const answer of answers) {
    const received = await reader.head();
    await reader.body(Number(received.values('Content-Length')[0] ?? 0));
    requests.push(received);
    await reader.connection.send(answer);
  }
  const response = await rig.client.response(request.slice(0, request.indexOf(' ')));
  const steps = requests.map(({ method, target }) => `${method} ${target}`);
  return { requests, steps, response };
}

const redirect = (location: string, status = 302, ...lines: string[]): string =>
  `${head(`HTTP/1.1 ${status} Elsewhere`, 'Content-Length: 5', `Location: ${location}`, ...lines)}there`;
const ok = (...lines: string[]): string => `${head('HTTP/1.1 200 OK', 'Content-Length: 5', ...lines)}hello`;
const post = (method = 'POST', ...lines: string[]): string =>
  `${head(`${method} /a HTTP/1.1`, 'Host: localhost', 'Content-Type: text/plain', 'Content-Length: 3', ...lines)}abc`;

describe('redirects of the backend', () => {
  it('are followed for GET; the client gets what stands at the end', async () => {
    const answers = [redirect('../b?x', 301), redirect('http://localhost/c', 307), ok('Location: /d')];
    const { steps, response } = await walk(get('/a/'), answers);
    assert.deepEqual(steps, ['GET /a/', 'GET /b?x', 'GET /c']);
    assert.deepEqual(
      [response.status, response.body.toString(), field(response, 'Location')],
      [200, 'hello', '/d'],
    );
    assert.equal((await rig.proxy.server.untilLogged(1))[0].path, '/a/');
  });

  it('are followed for HEAD, which stays HEAD', async () => {
    const bare = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n') + 4);
    const answers = [bare(redirect('/b', 303)), bare(ok())];
    const { steps, response } = await walk(head('HEAD /a HTTP/1.1', 'Host: localhost'), answers);
    assert.deepEqual(steps, ['HEAD /a', 'HEAD /b']);
    assert.equal(field(response, 'Content-Length'), '5');
  });

  it('are the client’s where they lead away', async () => {
    const { response } = await walk(get('/'), [redirect('http://elsewhere.example/x')]);
    assert.deepEqual([response.status, field(response, 'Location')], [302, 'http://elsewhere.example/x']);
  });

  it('keep what the client asked with, and the fields of this hop are new', async () => {
    const { requests } = await walk(get('/a', 'Accept: text/css', 'Range: bytes=0-4'), [
      redirect('/b'),
      ok(),
    ]);
    for (const request of requests) {
      const values = (name: string): string[] => request.values(name);
      assert.deepEqual([values('Accept'), values('Range')], [['text/css'], ['bytes=0-4']]);
      assert.deepEqual([values('Via').length, values('X-Forwarded-For')], [1, ['127.0.0.1']]);
    }
  });

  it('end at an answer whose places are seen from where it was found', async () => {
    const answers = [redirect('/x/b'), ok('Content-Location: c')];
    const { response } = await walk(get('/api/a'), answers, { proxy: { stripPrefix: '/api' } });
    assert.equal(field(response, 'Content-Location'), '/api/x/c');
  });
});

describe('the request that follows (RFC 9110 §15.4)', () => {
  it('is the client’s own to make unless its method is one of those that were named', async () => {
    const { response } = await walk(post(), [redirect('/b', 303)]);
    assert.deepEqual([response.status, field(response, 'Location')], [303, '/b']);
  });

  for (const [status, method] of [
    [301, 'POST'],
    [302, 'POST'],
    [303, 'POST'],
    [303, 'PUT'],
    [303, 'DELETE'],
  ] as const) {
    it(`is a GET without content after ${method} and ${status}`, async () => {
      const request = post(method, 'Content-Language: de', 'Digest: x', 'X-Kept: 1');
      const { steps, requests, response } = await walk(request, [redirect('/b', status), ok()], {
        methods: ALL,
      });
      assert.deepEqual([steps, response.status], [[`${method} /a`, 'GET /b'], 200]);
      const values = (name: string): string[] => requests[1].values(name);
      assert.deepEqual(
        [
          'Content-Type',
          'Content-Length',
          'Content-Language',
          'Digest',
          'Transfer-Encoding',
          'X-Kept',
        ].flatMap(values),
        ['1'],
      );
    });
  }

  for (const [status, method] of [
    [307, 'POST'],
    [308, 'POST'],
    [301, 'PUT'],
    [302, 'DELETE'],
  ] as const) {
    it(`is a ${method} again after ${status}: followed without a body, left to the client with one`, async () => {
      const bare = head(`${method} /a HTTP/1.1`, 'Host: localhost', 'Content-Length: 0');
      const followed = await walk(bare, [redirect('/b', status), ok()], { methods: ALL });
      assert.deepEqual([followed.steps, followed.response.status], [[`${method} /a`, `${method} /b`], 200]);
      rig.client.close();
      await rig.proxy[Symbol.asyncDispose]();
      const left = await walk(post(method), [redirect('/b', status)], { methods: ALL });
      assert.deepEqual([left.response.status, field(left.response, 'Location')], [status, '/b']);
    });
  }
});

describe('the way', () => {
  it('has so many steps, and no more', async () => {
    const { response } = await walk(get('/'), [redirect('/1'), redirect('/2'), redirect('/3')], { max: 2 });
    assert.equal(response.status, 502);
    assert.equal(rig.proxy.server.log[0].error, 'upstream.redirect-limit');
  });

  it('ends where it goes round in circles', async () => {
    const { steps, response } = await walk(get('/a'), [redirect('/b'), redirect('/a')]);
    assert.deepEqual(steps, ['GET /a', 'GET /b']);
    assert.equal(response.status, 502);
    assert.match(field(response, 'Proxy-Status') ?? '', /error=proxy_loop_detected/);
  });

  it('may come by the same place with another cookie, as it does where somebody logs in', async () => {
    const answers = [redirect('/login'), redirect('/a', 302, 'Set-Cookie: sid=1; Path=/'), ok()];
    const { steps, requests } = await walk(get('/a'), answers);
    assert.deepEqual(steps, ['GET /a', 'GET /login', 'GET /a']);
    assert.deepEqual(requests[2].values('Cookie'), ['sid=1']);
    rig.client.close();
    await rig.proxy[Symbol.asyncDispose]();
    const again = [
      redirect('/login'),
      redirect('/a', 302, 'Set-Cookie: sid=1'),
      redirect('/login'),
      redirect('/a', 302, 'Set-Cookie: sid=1'),
    ];
    assert.equal((await walk(get('/a'), again)).response.status, 502);
  });
});

describe('cookies that are set on the way', () => {
  it('are sent on with the client’s own, and reach the client in the final answer', async () => {
    const answers = [
      redirect('/b', 302, 'Set-Cookie: a=1; Path=/', 'Set-Cookie: own=new; Path=/; HttpOnly'),
      redirect('/c', 302, 'Set-Cookie: a=2; Path=/'),
      ok('Set-Cookie: c=3; Path=/', 'X-Kept: 1'),
    ];
    const { requests, response } = await walk(
      get('/a', 'Cookie: own=old; other=x', 'Cookie: third=y'),
      answers,
    );
    assert.deepEqual(requests[1].values('Cookie'), ['other=x; third=y; a=1; own=new']);
    assert.deepEqual(requests[2].values('Cookie'), ['other=x; third=y; own=new; a=2']);
    assert.deepEqual(fieldValues(response, 'Set-Cookie'), [
      'own=new; Path=/; HttpOnly',
      'a=2; Path=/',
      'c=3; Path=/',
    ]);
    assert.equal(field(response, 'X-Kept'), '1');
  });

  it('are those that the final answer sets, where both set one', async () => {
    const answers = [redirect('/b', 302, 'Set-Cookie: a=1; Path=/'), ok('set-cookie: a=2; path=/')];
    assert.deepEqual(fieldValues((await walk(get('/a'), answers)).response, 'Set-Cookie'), ['a=2; path=/']);
  });

  it('reach the client also where the way fails, and with the path that it knows', async () => {
    const answers = [
      redirect('/a', 302, 'Set-Cookie: a=1; Path=/x'),
      redirect('/a', 302, 'Set-Cookie: a=1; Path=/x'),
    ];
    const cookies = { domain: {}, path: { '/': '/api' } };
    const { response } = await walk(get('/a'), answers, { proxy: { cookies } });
    assert.equal(response.status, 502);
    assert.deepEqual(fieldValues(response, 'Set-Cookie'), ['a=1; Path=/api/x']);
  });

  it('may be ours: the way stays with the server that its first step was for', async () => {
    const asked: string[] = [];
    const servers = ['one', 'other'].map((name) =>
      createServer((request, response) => {
        asked.push(`${name} ${request.url}`);
        if (request.url === '/a') response.writeHead(302, { location: '/b' });
        response.end(name);
      }).listen(0, '127.0.0.1'),
    );
    await Promise.all(servers.map((server) => once(server, 'listening')));
    await rig.start(
      {
        proxy: {
          followRedirects: { max: 5, methods: GET },
          cookies: { domain: {}, path: { '/': '/api' } },
        },
        upstream: { sticky: { cookie: 'ds', secret: 'x' } },
      },
      servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
    await rig.client.send(get('/a'));
    const response = await rig.client.response();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    const name = response.body.toString();
    assert.deepEqual(asked, [`${name} /a`, `${name} /b`]);
    assert.match(fieldValues(response, 'Set-Cookie').join(), /^ds=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });
});
