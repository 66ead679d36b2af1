/** Every refusal has its status, a page in the form the client asked for, and the request's id on it. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { field, type RawResponse } from '../support/parse-response.ts';
import { freePort } from '../support/ports.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { exchange } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let ownPages: Site;
let server: DreamServer;

before(async () => {
  site = resources.use(temporarySite());
  ownPages = resources.use(temporarySite());
  ownPages.write('404.html', '<!doctype html><title>Ours</title><p>Lost?</p>\n');
  // A backend that accepts and never says a word.
  const silent = resources.use(await RawBackend.start());
  server = resources.use(
    await startDreamServer({
      upstreams: {
        dead: { servers: [`http://127.0.0.1:${await freePort()}`] },
        silent: {
          servers: [silent.url],
          timeouts: { firstByte: '200ms' },
        },
      },
      routes: [
        { match: { path: '/dead' }, proxy: { to: 'dead' } },
        { match: { path: '/silent' }, proxy: { to: 'silent' } },
        { match: { host: 'own.example' }, files: { root: ownPages.root } },
        { files: { root: site.root } },
      ],
      limits: { bodyBytes: '1KiB', headerBytes: '8KiB', uriBytes: '1KiB' },
      workers: 1,
    }),
  );
});

/** Refusals that depend on the request only; `accept` is a field line, or empty. */
const REFUSALS: readonly { status: number; what: string; request: (...accept: string[]) => string }[] = [
  { status: 404, what: 'nothing there', request: (...accept) => get('/nothing-here', ...accept) },
  {
    status: 405,
    what: 'DELETE of a file',
    request: (...accept) => head('DELETE /hello.txt HTTP/1.1', 'Host: localhost', ...accept),
  },
  {
    status: 413,
    what: 'body over the limit',
    request: (...accept) => head('POST /dead HTTP/1.1', 'Host: localhost', 'Content-Length: 1025', ...accept),
  },
  {
    status: 417,
    what: 'an unknown expectation',
    request: (...accept) => get('/hello.txt', 'Expect: the-unexpected', ...accept),
  },
  {
    status: 501,
    what: 'an unknown transfer coding',
    request: (...accept) =>
      head('POST /dead HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: gzip, chunked', ...accept),
  },
  { status: 502, what: 'a dead backend', request: (...accept) => get('/dead', ...accept) },
  { status: 504, what: 'a silent backend', request: (...accept) => get('/silent', ...accept) },
];

/** Refusals of a head that was not understood: what the client accepts is not known then. */
const MALFORMED: readonly { status: number; what: string; request: string }[] = [
  { status: 400, what: 'a request line without a target', request: head('GET HTTP/1.1', 'Host: a') },
  { status: 400, what: 'a space before the colon', request: head('GET / HTTP/1.1', 'Host: a', 'X : 1') },
  { status: 400, what: 'two Host fields', request: head('GET / HTTP/1.1', 'Host: a', 'Host: b') },
  { status: 400, what: 'a folded field', request: head('GET / HTTP/1.1', 'Host: a', 'X: 1', ' 2') },
  { status: 400, what: 'NUL in a value', request: head('GET / HTTP/1.1', 'Host: a', 'X: a\0b') },
  { status: 400, what: 'bare LF', request: 'GET / HTTP/1.1\nHost: a\n\n' },
  {
    status: 400,
    what: 'Content-Length with chunked',
    request: head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
  },
  { status: 414, what: 'a long target', request: get(`/${'a'.repeat(2000)}`) },
  { status: 431, what: 'a long field', request: get('/', `X: ${'a'.repeat(9000)}`) },
  { status: 505, what: 'HTTP/2.0', request: head('GET / HTTP/2.0', 'Host: a') },
];

const type = (response: RawResponse): string => field(response, 'Content-Type') ?? '';
const id = (response: RawResponse): string => field(response, 'X-Request-Id') ?? '';

suite('a refusal', () => {
  for (const { status, what, request } of REFUSALS) {
    test(`${status} for ${what}, as a page, as JSON and as text`, async () => {
      const page = await exchange(server.port, request('Accept: text/html,application/xhtml+xml,*/*;q=0.8'));
      assert.equal(page.status, status);
      assert.match(type(page), /^text\/html; ?charset=utf-8$/i);
      assert.match(page.body.toString(), /^<!doctype html>/i);
      assert.match(page.body.toString(), /<title>[^<]*\b\d{3}\b/);
      assert.match(page.body.toString(), /color-scheme/, 'dark mode');

      const json = await exchange(server.port, request('Accept: application/json'));
      assert.equal(json.status, status);
      assert.match(type(json), /^application\/(problem\+)?json/);
      assert.equal((JSON.parse(json.body.toString()) as { status: number }).status, status);

      const text = await exchange(server.port, request('Accept: text/plain'));
      assert.equal(text.status, status);
      assert.match(type(text), /^text\/plain; ?charset=utf-8$/i);
      assert.doesNotMatch(text.body.toString(), /</);

      for (const response of [page, json, text]) {
        assert.match(id(response), /^[0-9a-f-]{36}$/);
        assert.ok(response.body.includes(id(response)), 'the id is on it');
        assert.ok(!response.body.includes(site.above) && !/node:|\.ts\b/.test(response.body.toString()));
      }
    });
  }

  for (const { status, what, request } of MALFORMED) {
    test(`${status} for ${what}, and the connection closes`, async () => {
      const response = await exchange(server.port, request, 'GET');
      assert.equal(response.status, status);
      assert.equal(field(response, 'Connection'), 'close');
      assert.ok(response.body.includes(id(response)), 'the id is on it');
    });
  }

  test('what the client prefers decides', async () => {
    const mixed = await exchange(server.port, get('/no', 'Accept: text/html;q=0.1, application/json;q=0.9'));
    assert.match(type(mixed), /json/);
    const never = await exchange(server.port, get('/no', 'Accept: application/json;q=0, text/html'));
    assert.match(type(never), /^text\/html/);
  });

  test('nothing of the request is shown as markup', async () => {
    const response = await exchange(
      server.port,
      get('/%3Cscript%3Ealert(1)%3C/script%3E', 'Accept: text/html'),
    );
    assert.equal(response.status, 404);
    assert.doesNotMatch(response.body.toString(), /<script/i);
  });
});

suite("a site's own 404.html", () => {
  test('wins over the built-in page, with status 404', async () => {
    const request = head('GET /nothing-here HTTP/1.1', 'Host: own.example', 'Accept: text/html');
    const response = await exchange(server.port, request);
    assert.equal(response.status, 404);
    assert.match(type(response), /^text\/html/);
    assert.match(response.body.toString(), /Lost\?/);
  });

  test('is not used for another site', async () => {
    assert.doesNotMatch((await exchange(server.port, get('/nothing-here'))).body.toString(), /Lost\?/);
  });
});
