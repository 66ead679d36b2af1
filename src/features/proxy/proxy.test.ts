import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { chunk, get, head } from '../../../test/support/message.ts';
import { field, fieldValues, type RawResponse } from '../../../test/support/parse-response.ts';
import { freePort } from '../../../test/support/ports.ts';
import { proxyOptions } from '../../../test/support/proxy-options.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { upstreamOptions } from '../../../test/support/proxy-server.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader, type RawRequest } from '../../../test/support/request-reader.ts';
import type { Trust } from '../../pipeline/exchange.ts';
import { Upstreams } from '../../upstream/upstreams.ts';
import { createProxyHandler } from './handler.ts';

/** Whoever connects from this machine is a proxy of ours. */
const trust: Trust = { fields: 'x-forwarded', trusts: (address) => address === '127.0.0.1' };

const rig = ProxyRig.perTest();

/** The answer that a client gets to a request, when the backend gives this one. */
async function through(
  request: string,
  answer: string,
): Promise<{ response: RawResponse; received: RawRequest }> {
  await rig.client.send(request);
  const requests = new RequestReader(await rig.backend.accept());
  const received = await requests.head();
  await requests.connection.send(answer);
  if (!/content-length|transfer-encoding|HTTP\/1.1 (204|304)/i.test(answer)) requests.connection.halfClose();
  return { response: await rig.client.response(request.split(' ', 1)[0]), received };
}

const ok = (...lines: string[]): string => `${head('HTTP/1.1 200 OK', 'Content-Length: 5', ...lines)}hello`;

describe('an answer', () => {
  it('is that of the backend, with its reason, its fields and its body, and our Via', async () => {
    await rig.start();
    const { response } = await through(
      get('/'),
      `${head('HTTP/1.1 299 Fine by me', 'Content-Length: 5', 'ETag: "x"', 'Set-Cookie: a', 'set-cookie: b')}hello`,
    );
    assert.deepEqual(
      [response.status, response.reason, response.body.toString()],
      [299, 'Fine by me', 'hello'],
    );
    assert.equal(field(response, 'ETag'), '"x"');
    assert.deepEqual(fieldValues(response, 'Set-Cookie'), ['a', 'b']);
    assert.equal(field(response, 'Via'), '1.1 dreamserver');
  });

  it('stands behind the Via of others, with the version that the backend spoke', async () => {
    await rig.start();
    const { response } = await through(
      get('/'),
      `${head('HTTP/1.0 200 OK', 'Content-Length: 0', 'Via: 1.1 them')}`,
    );
    assert.deepEqual(fieldValues(response, 'Via'), ['1.1 them', '1.0 dreamserver']);
  });

  it('has no field that was for us only, nor one that those nominate (RFC 9110 §7.6.1)', async () => {
    await rig.start();
    const { response } = await through(
      get('/'),
      ok(
        'Connection: close, x-hop',
        'X-Hop: 1',
        'X-HOP: 2',
        'Keep-Alive: 5',
        'Proxy-Connection: x',
        'Upgrade: h2c',
        'Server: them',
        'X-Request-Id: theirs',
        'Date: never',
        'X-Kept: 3',
      ),
    );
    const names = response.fields.map(([name]) => name.toLowerCase()).toSorted();
    assert.deepEqual(names, ['content-length', 'date', 'via', 'x-kept', 'x-request-id']);
    assert.equal(field(response, 'X-Request-Id'), rig.proxy.server.log[0].id);
    assert.notEqual(field(response, 'Date'), 'never');
  });

  for (const [version, request, framing] of [
    ['1.1', get('/'), 'chunked'],
    ['1.0', head('GET / HTTP/1.0'), 'until-close'],
  ] as const) {
    for (const [kind, answer] of [
      ['that ends with the connection', `${head('HTTP/1.1 200 OK')}hello`],
      [
        'in chunks',
        head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunk('hel') + chunk('lo') + chunk(''),
      ],
    ] as const) {
      it(`${kind} reaches a client of HTTP/${version} as ${framing}`, async () => {
        await rig.start();
        const { response } = await through(request, answer);
        assert.deepEqual([response.framing, response.body.toString()], [framing, 'hello']);
      });
    }
  }

  it('to HEAD has the length that GET would get, where the backend gave a true one', async () => {
    await rig.start();
    const told = [
      ['5', '5'],
      ['0', '0'],
      ['5, 5', undefined],
      ['five', undefined],
      ['-5', undefined],
      ['0x5', undefined],
      ['1e3', undefined],
      ['', undefined],
    ] as const;
    for (const [length, passed] of told) {
      await rig.client.send(head('HEAD / HTTP/1.1', 'Host: a'));
      const requests = new RequestReader(await rig.backend.accept());
      await requests.head();
      await requests.connection.send(
        head('HTTP/1.1 200 OK', `Content-Length: ${length}`, 'Connection: close'),
      );
      const response = await rig.client.response('HEAD');
      assert.equal(response.status, 200);
      assert.equal(field(response, 'Content-Length'), passed, length);
    }
  });

  it('of 204 or 304 has no content and no length', async () => {
    await rig.start();
    const { response } = await through(
      get('/'),
      head('HTTP/1.1 304 Not Modified', 'Content-Length: 5', 'ETag: "x"'),
    );
    assert.deepEqual(
      [response.status, field(response, 'Content-Length'), field(response, 'ETag')],
      [304, undefined, '"x"'],
    );
    assert.equal(rig.proxy.server.log[0].bytes, 0);
  });
});

describe('a request', () => {
  it('arrives with the head that is derived for the backend', async () => {
    await rig.start({ proxy: { stripPrefix: '/api', host: 'upstream' }, trust });
    const { received } = await through(get('/api/x?y', 'X-Forwarded-For: 192.0.2.1', 'X-Own: 1'), ok());
    assert.deepEqual([received.method, received.target, received.version], ['GET', '/x?y', 'HTTP/1.1']);
    assert.deepEqual(received.values('Host'), [`127.0.0.1:${rig.backend.port}`]);
    assert.deepEqual(received.values('X-Forwarded-For'), ['192.0.2.1, 127.0.0.1']);
    assert.deepEqual(received.values('X-Own'), ['1']);
    assert.deepEqual(received.values('X-Request-Id'), [rig.proxy.server.log[0].id]);
  });

  it('of any method is passed on', async () => {
    await rig.start();
    let requests: RequestReader | undefined;
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'M-OWN']) {
      await rig.client.send(head(`${method} / HTTP/1.1`, 'Host: a'));
      requests ??= new RequestReader(await rig.backend.accept());
      assert.equal((await requests.head()).method, method);
      await requests.connection.send(ok());
      assert.equal((await rig.client.response(method)).status, 200);
    }
  });

  it('that the backend cannot take is answered by us: with a code in the log, and a page without details', async () => {
    const port = await freePort();
    await rig.start({}, [`http://127.0.0.1:${port}`]);
    await rig.client.send(get('/', 'Accept: application/json'));
    const response = await rig.client.response();
    assert.equal(response.status, 502);
    assert.equal(rig.proxy.server.log[0].error, 'upstream.connect-failed');
    assert.doesNotMatch(response.body.toString(), new RegExp(`127\\.0|${port}`));
  });

  it('whose client has gone before its turn came is not sent at all', async () => {
    await rig.start();
    const upstreams = new Upstreams([upstreamOptions([rig.backend.url])], () => {});
    const handler = createProxyHandler(proxyOptions({ forwarded: 'off' }), { upstreams });
    const gone = exchangeOf(get('/gone'));
    gone.abort();
    void handler(gone);
    void handler(exchangeOf(get('/here')));
    assert.equal((await new RequestReader(await rig.backend.accept()).head()).target, '/here');
    assert.equal(rig.backend.connections.length, 1);
    upstreams.close();
  });

  it('that waits for a connection too long is answered with 503, and when to try again', async () => {
    await rig.start({
      upstream: {
        pool: { max: 1, idleTimeout: 1000 },
        timeouts: { connect: 200, firstByte: 10_000, idle: 10_000 },
      },
    });
    await rig.client.send(get('/first'));
    await new RequestReader(await rig.backend.accept()).head();
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/second'));
    const response = await other.response();
    assert.deepEqual([response.status, field(response, 'Retry-After')], [503, '1']);
  });

  it('for which the backend has no word in time is answered with 504', async () => {
    await rig.start({ upstream: { timeouts: { connect: 1000, firstByte: 200, idle: 200 } } });
    await rig.client.send(get('/'));
    assert.equal((await rig.client.response()).status, 504);
    assert.equal(rig.proxy.server.log[0].error, 'upstream.first-byte-timeout');
  });

  it('to which the backend gives no HTTP is answered with 502', async () => {
    await rig.start();
    for (const [answer, error] of [
      ['220 mail.example ESMTP\r\n', 'upstream.malformed-response'],
      [head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6'), 'upstream.ambiguous-framing'],
      [head('HTTP/1.1 200 OK', `X: ${'x'.repeat(70_000)}`), 'upstream.response-too-large'],
    ] as const) {
      const { response } = await through(get('/'), answer);
      assert.equal(response.status, 502);
      assert.equal(rig.proxy.server.log.at(-1)?.error, error);
    }
  });
});
