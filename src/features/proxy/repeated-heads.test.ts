/** Heads that come again, byte for byte, are derived once: what is sent is the same as if they were derived each time. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { get, head } from '../../../test/support/message.ts';
import { field, fieldValues, type RawResponse } from '../../../test/support/parse-response.ts';
import { proxyOptions } from '../../../test/support/proxy-options.ts';
import { startProxy, type ProxyServer, type ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { emptyBody } from '../../http/body.ts';
import { encodeRequestHead } from '../../http1/encode-request-head.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { upstreamHead } from './upstream-head.ts';

describe('the head for an upstream, of a request whose head comes again', () => {
  const options = proxyOptions({});
  const { request } = exchangeOf(get('/a', 'Accept: */*'));
  const exchange = (address = '203.0.113.7', secure = false, from = request): Exchange =>
    new Exchange(from, emptyBody, { address, port: 1, secure });

  interface Case {
    readonly of?: Exchange;
    readonly target?: string;
    readonly host?: string;
    readonly length?: number | null;
  }
  const sent = ({ of = exchange(), target = '/a', host = 'a', length = null }: Case = {}): string =>
    encodeRequestHead(upstreamHead(of, options, target, host, length !== null), length, of.id);

  it('has the id of each request', () => {
    for (let i = 0; i < 4; i++) {
      const of = exchange();
      assert.match(
        sent({ of }),
        new RegExp(`^GET /a HTTP/1.1\r\nHost: a\r\n.*\r\nX-Request-Id: ${of.id}\r\n\r\n$`, 's'),
      );
    }
  });

  it('has what is another from one time to the next: the address, the scheme, the target, the host, the length', () => {
    const other = exchangeOf(get('/a', 'Accept: */*', 'X-Other: 1')).request;
    for (const each of [1, 2, 3]) {
      assert.match(
        sent(),
        /^GET \/a HTTP\/1.1\r\nHost: a\r\nAccept: \*\/\*\r\n.*For: 203.0.113.7\r\n/s,
        `time ${each}`,
      );
      assert.match(sent({ of: exchange('203.0.113.8') }), /X-Forwarded-For: 203.0.113.8\r\n/);
      assert.match(sent({ of: exchange('203.0.113.8', true) }), /X-Forwarded-Proto: https\r\n/);
      assert.match(sent({ target: '/b' }), /^GET \/b HTTP/);
      assert.match(sent({ host: 'b' }), /^GET \/a HTTP\/1.1\r\nHost: b\r\n/);
      assert.match(sent({ length: 5 }), /\r\nContent-Length: 5\r\n/);
      assert.match(sent({ length: 6 }), /\r\nContent-Length: 6\r\n/);
      assert.doesNotMatch(sent(), /Content-Length/);
      const derived = { ...request, headers: other.headers };
      assert.match(sent({ of: exchange('203.0.113.7', false, derived) }), /X-Other: 1\r\n/);
    }
  });
});

describe('an answer whose head comes again', () => {
  let backend: RawBackend;
  let proxy: ProxyServer;
  let client: RawConnection;
  let requests: RequestReader | undefined;

  beforeEach(async () => {
    backend = await RawBackend.start();
    requests = undefined;
  });
  afterEach(async () => {
    client.close();
    await proxy[Symbol.asyncDispose]();
    backend[Symbol.dispose]();
  });

  async function start(setup?: ProxySetup): Promise<void> {
    proxy = await startProxy([backend.url], setup);
    client = await RawConnection.connect(proxy.port);
  }

  /** All of them over one connection to the backend. */
  async function through(request: string, answer: string): Promise<RawResponse> {
    await client.send(request);
    requests ??= new RequestReader(await backend.accept());
    await requests.head();
    await requests.connection.send(answer);
    return client.response(request.split(' ', 1)[0]);
  }

  it('has the body that comes with it, and an id of its own', async () => {
    await start();
    const ids = new Set<string | undefined>();
    for (const body of ['aaaaa', 'bbbbb', 'ccccc', 'ddddd']) {
      const response = await through(
        get('/'),
        `${head('HTTP/1.1 200 Well', 'Content-Length: 5', 'Via: 1.1 x')}${body}`,
      );
      assert.deepEqual([response.reason, response.body.toString()], ['Well', body]);
      assert.deepEqual(fieldValues(response, 'Via'), ['1.1 x', '1.1 dreamserver']);
      ids.add(field(response, 'X-Request-Id'));
    }
    assert.equal(ids.size, 4);
  });

  it('has no body where it answers HEAD, and one where it answers GET', async () => {
    await start();
    const answer = head('HTTP/1.1 200 OK', 'Content-Length: 5');
    for (let i = 0; i < 4; i++) {
      const told = await through(head('HEAD / HTTP/1.1', 'Host: a'), answer);
      assert.deepEqual([field(told, 'Content-Length'), told.body.length], ['5', 0]);
      const got = await through(get('/'), `${answer}hello`);
      assert.deepEqual([field(got, 'Content-Length'), got.body.toString()], ['5', 'hello']);
    }
  });

  it('sends its cookies each time', async () => {
    await start();
    for (let i = 0; i < 4; i++) {
      const response = await through(get('/'), head('HTTP/1.1 204 No Content', 'Set-Cookie: a=b'));
      assert.deepEqual(fieldValues(response, 'Set-Cookie'), ['a=b']);
    }
  });

  it('tells each client of places as it knows them', async () => {
    await start({ proxy: { stripPrefix: '/x' } });
    for (const path of ['/x/a', '/x/a', '/x/a', '/y', '/x/a']) {
      const answer = head('HTTP/1.1 302 Found', 'Content-Length: 0', 'Location: /there');
      const response = await through(get(path), answer);
      assert.equal(field(response, 'Location'), path === '/y' ? '/there' : '/x/there');
    }
  });

  it('is the last of its connection where it says so, and only there', async () => {
    await start();
    for (let i = 0; i < 3; i++) await through(get('/'), head('HTTP/1.1 200 OK', 'Content-Length: 0'));
    await through(get('/'), head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: close'));
    requests = undefined;
    for (let i = 0; i < 3; i++) await through(get('/'), head('HTTP/1.1 200 OK', 'Content-Length: 0'));
  });
});
