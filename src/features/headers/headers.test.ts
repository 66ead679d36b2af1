/**
 * The threats: a client that writes a field which only a rule may write, in a spelling that the backend reads as the
 * same, or that has a rule's field dropped by nominating it (RFC 9110 §7.6.1); and one whose path ends a field's line.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { get, head } from '../../../test/support/message.ts';
import { field, fieldValues, type RawResponse } from '../../../test/support/parse-response.ts';
import { proxyOptions } from '../../../test/support/proxy-options.ts';
import { upstreamOptions } from '../../../test/support/proxy-server.ts';
import { HandlerServer } from '../../../test/support/handler-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader, type RawRequest } from '../../../test/support/request-reader.ts';
import { HeaderList } from '../../http/header-list.ts';
import type { RequestHead } from '../../http/head.ts';
import { Response } from '../../http/response.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { compose } from '../../pipeline/compose.ts';
import { Upstreams } from '../../upstream/upstreams.ts';
import { createProxyHandler } from '../proxy/handler.ts';
import { createHeadersFeature } from './handler.ts';
import { headersSchema } from './schema.ts';

type Input = Parameters<typeof headersSchema.parse>[0];

let backend: RawBackend;
let upstreams: Upstreams;
let server: HandlerServer;
let client: RawConnection;

beforeEach(async () => {
  backend = await RawBackend.start();
  upstreams = new Upstreams([upstreamOptions([backend.url])], () => {});
});
afterEach(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
  upstreams.close();
  backend[Symbol.dispose]();
});

/** What the backend gets, and the client, on a proxied route with these rules. */
async function through(
  options: Input,
  request: string,
  answer = head('HTTP/1.1 200 OK', 'Content-Length: 0'),
): Promise<{ received: RawRequest; response: RawResponse }> {
  const feature = createHeadersFeature(headersSchema.parse(options));
  server = await HandlerServer.start(compose([feature], createProxyHandler(proxyOptions(), { upstreams })));
  client = await RawConnection.connect(server.port);
  await client.send(request);
  const requests = new RequestReader(await backend.accept());
  const received = await requests.head();
  await requests.connection.send(answer);
  return { received, response: await client.response() };
}

describe('the fields of a request', () => {
  it('are removed, replaced, set and added before the backend gets them', async () => {
    const { received } = await through(
      {
        request: {
          remove: ['X-Debug', 'User-Agent'],
          replace: { Referer: { regex: 'token=[^&]*', to: 'token=-' } },
          set: { 'X-User': 'nobody', 'x-two': ['1', '2'] },
          add: { 'X-Kept': 'more' },
        },
      },
      get(
        '/',
        'x-debug: 1',
        'X-Debug: 2',
        'User-Agent: curl',
        'X-User: root',
        'X-Kept: first',
        'Referer: /?token=a&token=b',
      ),
    );
    const values = (name: string): readonly string[] => received.values(name);
    assert.deepEqual([values('X-Debug'), values('User-Agent')], [[], []]);
    assert.deepEqual(values('Referer'), ['/?token=-&token=-']);
    assert.deepEqual(values('X-User'), ['nobody']);
    assert.deepEqual(values('X-Two'), ['1', '2']);
    assert.deepEqual(values('X-Kept'), ['first', 'more']);
  });

  it('may say what is known of the request', async () => {
    const { received } = await through(
      {
        request: {
          set: {
            'X-All': '{proto}|{host}|{path}|{query}|{uri}|{client-ip}',
            'X-Its-Id': '{id}',
            'X-None': '{query}',
          },
        },
      },
      head('GET /a%20b HTTP/1.1', 'Host: A.example:8080'),
    );
    assert.deepEqual(received.values('X-All'), ['http|a.example|/a%20b||/a%20b|127.0.0.1']);
    assert.deepEqual(received.values('X-Its-Id'), [server.log[0].id]);
    assert.deepEqual(received.values('X-None'), []);
  });

  it('go before those that the proxy would write', async () => {
    const { received } = await through(
      { request: { set: { 'X-Forwarded-Proto': 'https' }, add: { Via: '1.1 edge' } } },
      get('/', 'X-Forwarded-Proto: gopher'),
    );
    assert.deepEqual(received.values('X-Forwarded-Proto'), ['https']);
    assert.deepEqual(received.values('X-Forwarded-For'), ['127.0.0.1']);
    assert.deepEqual(received.values('Via'), ['1.1 edge']);
  });

  it('cannot be written by a client in other words, nor dropped by nominating them', async () => {
    const { received } = await through(
      { request: { set: { 'X-User': 'nobody' }, remove: ['X-Admin'] } },
      get('/', 'X_User: root', 'x_uSER: root', 'X_Admin: yes', 'X_Other: 1', 'Connection: x-user'),
    );
    assert.deepEqual(received.values('X-User'), ['nobody']);
    assert.deepEqual([received.values('X_User'), received.values('X_Admin')], [[], []]);
    assert.deepEqual(received.values('X_Other'), ['1']);
  });

  it('cannot be written in other words where a rule has changed those', async () => {
    const to = { regex: 'x', to: 'y' };
    const { received } = await through(
      { request: { replace: { X_User: to, X_Role: to }, set: { 'X-User': 'u', 'X-Role': 'r' } } },
      get('/', 'X_User: x', 'X_Role: x'),
    );
    assert.deepEqual([received.values('X_User'), received.values('X_Role')], [[], []]);
    assert.deepEqual([received.values('X-User'), received.values('X-Role')], [['u'], ['r']]);
  });

  it('are changed in a head of their own: the client’s stays as it is', () => {
    const exchange = exchangeOf(get('/', 'X-A: 1'));
    const feature = createHeadersFeature(headersSchema.parse({ request: { set: { 'X-A': '2' } } }));
    let seen: string | undefined;
    void feature(({ request, id }) => {
      seen = request.headers.get('x-a');
      assert.equal(id, exchange.id);
      return new Response(200);
    })(exchange);
    assert.deepEqual([seen, exchange.request.headers.get('x-a')], ['2', '1']);
  });
});

describe('the fields of a request that comes again, byte for byte', () => {
  /** The heads that the next handler sees when one comes three times. */
  const threeTimes = (options: Input): RequestHead[] => {
    const { request, body, peer } = exchangeOf(get('/', 'X-A: 1', 'X_Its_Id: me'));
    const seen: RequestHead[] = [];
    const handler = createHeadersFeature(headersSchema.parse(options))((exchange) => {
      seen.push(exchange.request);
      return new Response(200);
    });
    for (let i = 0; i < 3; i++) void handler(new Exchange(request, body, peer));
    return seen;
  };

  it('are changed once', () => {
    const [first, second, third] = threeTimes({
      request: { set: { 'X-A': '2', 'X-Client': '{client-ip}' } },
    });
    assert.notEqual(first, second);
    assert.equal(second, third);
    assert.deepEqual([third.headers.get('x-a'), third.headers.get('x-client')], ['2', '203.0.113.7']);
  });

  it('are changed anew where what is set is another, and nothing is kept of those before', () => {
    const seen = threeTimes({ request: { set: { 'X-Its-Id': '{id}' } } });
    assert.deepEqual(
      seen.map(({ derived }) => derived),
      [undefined, undefined, undefined],
    );
    const ids = seen.map(({ headers }) => headers.getAll('x-its-id'));
    assert.equal(new Set(ids.flat()).size, 3);
    assert.deepEqual(
      seen.map(({ headers }) => headers.get('x_its_id')),
      [undefined, undefined, undefined],
    );
  });
});

describe('the fields of an answer', () => {
  it('are removed, replaced, set and added before the client gets them', async () => {
    const { response } = await through(
      {
        response: {
          remove: ['X-Powered-By'],
          replace: { 'set-cookie': { regex: '; secure', to: '' } },
          set: { 'Cache-Control': 'no-store', 'X-Served': '{upstream} for {client-ip}' },
          add: { Link: ['</a>; rel=next', '</b>; rel=prev'] },
        },
      },
      get('/'),
      head(
        'HTTP/1.1 200 OK',
        'Content-Length: 0',
        'x-powered-by: PHP',
        'Set-Cookie: a=b; secure',
        'Set-Cookie: c=d',
        'cache-control: public',
      ),
    );
    assert.equal(field(response, 'X-Powered-By'), undefined);
    assert.deepEqual(fieldValues(response, 'Set-Cookie'), ['a=b', 'c=d']);
    assert.deepEqual(fieldValues(response, 'Cache-Control'), ['no-store']);
    assert.equal(field(response, 'X-Served'), `127.0.0.1:${backend.port} for 127.0.0.1`);
    assert.deepEqual(fieldValues(response, 'Link'), ['</a>; rel=next', '</b>; rel=prev']);
  });

  it('are those of our own error answers too; what no server has said is not there', async () => {
    const { response } = await through(
      { response: { set: { 'X-Frame-Options': 'DENY', 'X-Served': '{upstream}' } } },
      get('/'),
      'nonsense\r\n\r\n',
    );
    assert.deepEqual([response.status, field(response, 'X-Frame-Options')], [502, 'DENY']);
    assert.equal(field(response, 'X-Served'), undefined);
    assert.equal(server.log[0].error, 'upstream.malformed-response');
  });

  it('hold nothing that ends the line, whatever the client asks for', async () => {
    const { response } = await through(
      { response: { set: { 'X-Path': '{uri}' } } },
      head('GET /a%0d%0aX-Evil:%201?b%0d%0aX-Evil:%202 HTTP/1.1', 'Host: a'),
    );
    assert.equal(field(response, 'X-Path'), '/a%0D%0AX-Evil:%201?b%0d%0aX-Evil:%202');
    assert.equal(field(response, 'X-Evil'), undefined);
  });
});

describe('an answer that is sent many times', () => {
  const often = new Response(200, HeaderList.of('X-A', '1'), null, { reusable: true });
  const twice = (options: Input): [Response, Response] => {
    const handler = createHeadersFeature(headersSchema.parse(options))(() => often);
    return [handler(exchangeOf(get('/a'))) as Response, handler(exchangeOf(get('/b'))) as Response];
  };

  it('is changed once where the change is always the same', () => {
    const [first, second] = twice({ response: { set: { 'X-A': '2' } } });
    assert.equal(first, second);
    assert.deepEqual([first.reusable, first.headers.get('x-a'), often.headers.get('x-a')], [true, '2', '1']);
  });

  it('is one answer for each request where that is in it', () => {
    const [first, second] = twice({ response: { set: { 'X-A': '{path}' } } });
    assert.deepEqual([first.headers.get('x-a'), second.headers.get('x-a')], ['/a', '/b']);
    assert.equal(first.reusable, false);
  });
});

describe('rules', () => {
  const message = (options: unknown): string | undefined => {
    const result = headersSchema.safeParse(options);
    return result.success ? undefined : JSON.stringify(result.error.issues);
  };

  it('are refused where the field has another writer, or is no field', () => {
    for (const name of [
      'Host',
      'expect',
      'X-Request-Id',
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      'TE',
      'Upgrade',
      'Trailer',
      'a b',
      '',
    ]) {
      assert.ok(message({ request: { set: { [name]: 'x' } } }), name);
      assert.ok(message({ request: { remove: [name] } }), name);
    }
    for (const name of ['Date', 'server', 'X-Request-Id', 'content-length', 'keep-alive', 'é']) {
      assert.ok(message({ response: { add: { [name]: 'x' } } }), name);
      assert.ok(message({ response: { replace: { [name]: { regex: 'x', to: 'y' } } } }), name);
    }
    assert.equal(message({ request: { set: { Server: 'x' } }, response: { set: { Host: 'x' } } }), undefined);
  });

  it('are refused where a value could not be sent or names what is not known', () => {
    for (const value of ['a\r\nb', 'a\0', ' a', '€', '{nobody}', '{}', '{upstream}']) {
      assert.ok(message({ request: { set: { 'X-A': value } } }), value);
    }
    assert.equal(message({ response: { set: { 'X-A': '{upstream}', 'X-J': '{"a": [1]}' } } }), undefined);
    assert.match(
      message({ request: { set: { 'X-A': '{hots}' } } }) ?? '',
      /\{hots\}` is not known; there are `\{uri\}`/,
    );
  });

  it('are refused where a regular expression is none', () => {
    assert.ok(message({ request: { replace: { 'X-A': { regex: '(', to: '' } } } }));
    assert.ok(message({ request: { replace: { 'X-A': { regex: 'a', to: 'b\n' } } } }));
    assert.ok(message({ request: { replace: { 'X-A': 'b' } } }));
  });
});
