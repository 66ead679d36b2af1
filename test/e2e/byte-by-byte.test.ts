/**
 * TCP has no messages: where one read ends means nothing. Each request is sent whole and again one byte at a time,
 * and the answers must be the same, field by field and byte by byte, but for the date and the request id.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { DJANGO_PROGRAMS, DjangoSite } from '../support/django.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { chunk, get, head } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import type { RawResponse } from '../support/parse-response.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

interface Case {
  readonly what: string;
  readonly bytes: string;
  /** Each request's method and the status that answers it, in order. */
  readonly answers: readonly (readonly [method: string, status: number])[];
}

const FILE = 'Host: localhost';
const DJANGO = 'Host: djangoserver.com';
const post = (...fields: string[]): string => head('POST /probe/sha256 HTTP/1.1', DJANGO, ...fields);

const CASES: readonly Case[] = [
  // Files
  { what: 'GET', bytes: get('/hello.txt'), answers: [['GET', 200]] },
  { what: 'GET of 300 kB', bytes: get('/large.bin'), answers: [['GET', 200]] },
  { what: 'HEAD', bytes: head('HEAD /hello.txt HTTP/1.1', FILE), answers: [['HEAD', 200]] },
  { what: 'OPTIONS', bytes: head('OPTIONS /hello.txt HTTP/1.1', FILE), answers: [['OPTIONS', 204]] },
  { what: 'HTTP/1.0', bytes: head('GET /hello.txt HTTP/1.0'), answers: [['GET', 200]] },
  {
    what: 'HTTP/1.0 kept alive',
    bytes: head('GET /hello.txt HTTP/1.0', 'Connection: keep-alive') + head('GET /digits.txt HTTP/1.0'),
    answers: [
      ['GET', 200],
      ['GET', 200],
    ],
  },
  { what: 'absolute target', bytes: get('http://localhost/hello.txt'), answers: [['GET', 200]] },
  { what: 'a range', bytes: get('/digits.txt', 'Range: bytes=2-4'), answers: [['GET', 206]] },
  { what: 'no such range', bytes: get('/digits.txt', 'Range: bytes=20-'), answers: [['GET', 416]] },
  { what: '304', bytes: get('/hello.txt', 'If-None-Match: *'), answers: [['GET', 304]] },
  { what: '404', bytes: get('/nothing-here', 'Accept: text/html'), answers: [['GET', 404]] },
  { what: '404 as JSON', bytes: get('/nothing-here', 'Accept: application/json'), answers: [['GET', 404]] },
  { what: 'encoded dots', bytes: get('/docs/%2e%2e/hello.txt'), answers: [['GET', 200]] },
  { what: 'encoded dots above the root', bytes: get('/%2e%2e/hello.txt'), answers: [['GET', 400]] },
  { what: 'white space around a value', bytes: get('/hello.txt', 'X:  \t a \t '), answers: [['GET', 200]] },
  {
    what: '405 with a body that nobody reads, then GET',
    bytes: `${head('PUT /hello.txt HTTP/1.1', FILE, 'Content-Length: 5')}GET /${get('/digits.txt')}`,
    answers: [
      ['PUT', 405],
      ['GET', 200],
    ],
  },
  {
    what: 'four pipelined requests',
    bytes:
      get('/hello.txt') + head('HEAD /digits.txt HTTP/1.1', FILE) + get('/nothing-here') + get('/digits.txt'),
    answers: [
      ['GET', 200],
      ['HEAD', 200],
      ['GET', 404],
      ['GET', 200],
    ],
  },
  {
    what: 'empty lines before a request',
    bytes: `\r\n${get('/hello.txt')}\r\n${get('/hello.txt', 'Connection: close')}`,
    answers: [
      ['GET', 200],
      ['GET', 200],
    ],
  },
  // Django
  { what: 'proxied GET', bytes: head('GET /probe/request?a=b HTTP/1.1', DJANGO), answers: [['GET', 200]] },
  { what: 'proxied HEAD', bytes: head('HEAD /probe/request HTTP/1.1', DJANGO), answers: [['HEAD', 200]] },
  { what: 'proxied 204', bytes: head('GET /probe/status/204 HTTP/1.1', DJANGO), answers: [['GET', 204]] },
  { what: 'proxied redirect', bytes: head('GET /admin/ HTTP/1.1', DJANGO), answers: [['GET', 302]] },
  { what: 'proxied HTTP/1.0', bytes: head('GET /probe/request HTTP/1.0', DJANGO), answers: [['GET', 200]] },
  { what: 'POST with a length', bytes: `${post('Content-Length: 11')}hello world`, answers: [['POST', 200]] },
  { what: 'POST of nothing', bytes: post('Content-Length: 0'), answers: [['POST', 200]] },
  {
    what: 'POST in chunks',
    bytes: post('Transfer-Encoding: chunked') + chunk('hello') + chunk(' world') + chunk(''),
    answers: [['POST', 200]],
  },
  {
    what: 'POST in chunks with extensions and trailers',
    bytes: `${post('Transfer-Encoding: Chunked')}5;a=b;c="d"\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n`,
    answers: [['POST', 200]],
  },
  {
    what: 'POST with Expect',
    bytes: `${post('Content-Length: 5', 'Expect: 100-continue')}hello`,
    answers: [['POST', 200]],
  },
  {
    what: 'POST, POST in chunks, GET, pipelined',
    bytes: [
      `${post('Content-Length: 5')}hello`,
      `${post('Transfer-Encoding: chunked')}${chunk('hello')}${chunk('')}`,
      head('GET /probe/status/418 HTTP/1.1', DJANGO),
    ].join(''),
    answers: [
      ['POST', 200],
      ['POST', 200],
      ['GET', 418],
    ],
  },
  // Refusals
  { what: 'no Host', bytes: head('GET / HTTP/1.1'), answers: [['GET', 400]] },
  { what: 'two Hosts', bytes: get('/', 'Host: a'), answers: [['GET', 400]] },
  { what: 'no version', bytes: head('GET /', FILE), answers: [['GET', 400]] },
  { what: 'HTTP/3.0', bytes: head('GET / HTTP/3.0', FILE), answers: [['GET', 505]] },
  { what: 'white space before the colon', bytes: get('/', 'X : 1'), answers: [['GET', 400]] },
  { what: 'a bare CR', bytes: get('/', 'X: a\rb'), answers: [['GET', 400]] },
  { what: 'a bare LF', bytes: 'GET / HTTP/1.1\nHost: a\n\n', answers: [['GET', 400]] },
  { what: 'a long target', bytes: get(`/${'a'.repeat(1100)}`), answers: [['GET', 414]] },
  { what: 'a long field', bytes: get('/', `X: ${'a'.repeat(2100)}`), answers: [['GET', 431]] },
  { what: 'an unknown expectation', bytes: get('/', 'Expect: more'), answers: [['GET', 417]] },
  { what: 'an unknown coding', bytes: post('Transfer-Encoding: gzip, chunked'), answers: [['POST', 501]] },
  {
    what: 'length and chunks',
    bytes: `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}hello`,
    answers: [['POST', 400]],
  },
  { what: 'a length that is none', bytes: `${post('Content-Length: +5')}hello`, answers: [['POST', 400]] },
  {
    what: 'a declared body over the limit',
    bytes: post('Content-Length: 5000') + 'a'.repeat(5000),
    answers: [['POST', 413]],
  },
  {
    what: 'chunks over the limit',
    bytes: post('Transfer-Encoding: chunked') + chunk('a'.repeat(3000)).repeat(2) + chunk(''),
    answers: [['POST', 413]],
  },
  {
    what: 'a chunk size that is none',
    bytes: `${post('Transfer-Encoding: chunked')}5x\r\nhello\r\n0\r\n\r\n`,
    answers: [['POST', 400]],
  },
  {
    what: 'a chunk longer than its size',
    bytes: `${post('Transfer-Encoding: chunked')}4\r\nhello\r\n0\r\n\r\n`,
    answers: [['POST', 400]],
  },
  {
    what: 'a good request, then a malformed one',
    bytes: get('/hello.txt') + get('/', 'X : 1'),
    answers: [
      ['GET', 200],
      ['GET', 400],
    ],
  },
];

suite('byte by byte as in one piece', { skip: requires(...DJANGO_PROGRAMS) }, () => {
  let site: Site;
  let django: DjangoSite;
  let server: DreamServer;

  before(async () => {
    site = resources.use(temporarySite());
    django = resources.use(await DjangoSite.start());
    server = resources.use(
      await startDreamServer({
        upstreams: { django: { servers: [django.url] } },
        routes: [
          { match: { host: 'djangoserver.com' }, proxy: { to: 'django' } },
          { files: { root: site.root } },
        ],
        limits: { headerBytes: '2KiB', uriBytes: '1KiB', bodyBytes: '4KiB' },
        workers: 1,
      }),
    );
  });

  for (const each of CASES) {
    test(each.what, async () => {
      const whole = await deliver(each, (client) => client.send(each.bytes));
      assert.deepEqual(
        whole.map((response) => response.status),
        each.answers.map(([, status]) => status),
      );
      const bytewise = await deliver(each, (client) => client.sendByteByByte(each.bytes));
      assert.deepEqual(bytewise.map(comparable), whole.map(comparable));
    });
  }

  async function deliver(each: Case, send: (client: RawConnection) => Promise<void>): Promise<RawResponse[]> {
    using client = await RawConnection.connect(server.port);
    await send(client);
    const responses: RawResponse[] = [];
    for (const [method] of each.answers) responses.push(await client.response(method));
    client.halfClose();
    await client.end();
    return responses;
  }
});

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What must be equal: interim answers depend on whether the body is there already, dates and ids on the moment. */
function comparable(response: RawResponse): object {
  const mask = (text: string): string => text.replaceAll(UUID, 'ID');
  return {
    ...response,
    interim: undefined,
    fields: response.fields.filter(([name]) => !/^date$/i.test(name)).map((pair) => mask(pair.join(': '))),
    body: mask(response.body.toString('latin1')),
  };
}
