/** What sites want of their files, as a client sees it on the wire, and a browser that follows its redirects. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startChromium } from '../support/browser.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { field, type RawResponse } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { CANARY, type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let server: DreamServer;
let site: Site;

before(async () => {
  site = resources.use(temporarySite());
  const theme = resources.use(temporarySite());
  site.write(
    'about.html',
    '<!doctype html><title>About</title><link rel="stylesheet" href="style.css"><h1>About</h1>',
  );
  site.write('errors/404.html', '<!doctype html><title>Lost</title><h1>Lost</h1>');
  site.write('assets/app-B4nX9a2c.js', 'export {};\n');
  site.write('Über "uns".pdf', '%PDF-1.7\n');
  site.write('evil.example/index.html', 'inside');
  theme.write('theme.css', 'h1 { color: rgb(1, 2, 3) }\n');
  server = resources.use(
    await startDreamServer({
      routes: [
        {
          files: {
            root: [site.root, theme.root],
            cleanUrls: true,
            errors: { 404: '/errors/404.html' },
            cacheControl: { hashed: 'immutable', '*.html': 'no-cache', '**': 'public, max-age=60' },
            types: { '.unknown-type': 'text/x-thing' },
            download: '*.pdf',
          },
        },
      ],
      workers: 1,
    }),
  );
});

const fetched = (target: string, ...fields: string[]): Promise<RawResponse> =>
  exchange(server.port, get(target, ...fields));

suite('a site', () => {
  for (const [target, location] of [
    ['/about.html?a=%2F&b', '/about?a=%2F&b'],
    ['/about/?a', '/about?a'],
    ['/docs?a=1', '/docs/?a=1'],
    ['/docs/index.html', '/docs/'],
    ['//evil.example', '/evil.example/'],
    ['///evil.example?//other.example', '/evil.example/?//other.example'],
    ['/./evil.example', '/evil.example/'],
    ['/x/..//evil.example', '/evil.example/'],
  ] as const) {
    test(`${target} is redirected to ${location}`, async () => {
      const response = await fetched(target);
      assert.equal(response.status, 301);
      assert.equal(field(response, 'Location'), location);
    });
  }

  for (const target of [
    '/%2fevil.example',
    '/%2f%2fevil.example',
    '/%5cevil.example',
    '/\\evil.example',
    '/\\/evil.example',
    '/..%2fcanary.txt',
    '/..%2fcanary',
    '/docs%2f..%2f..%2fcanary.txt',
  ]) {
    test(`${target} leads nowhere`, async () => {
      const response = await fetched(target);
      assert.ok(response.status === 404 || response.status === 400, `${response.status}`);
      assert.equal(field(response, 'Location'), undefined);
      assert.ok(!response.body.toString().includes(CANARY));
    });
  }

  test('says how long its files may be kept, in a 304 too, and never of an error', async () => {
    const year = 'public, max-age=31536000, immutable';
    assert.equal(field(await fetched('/assets/app-B4nX9a2c.js'), 'Cache-Control'), year);
    assert.equal(field(await fetched('/about'), 'Cache-Control'), 'no-cache');
    const first = await fetched('/hello.txt');
    const again = await fetched('/hello.txt', `If-None-Match: ${field(first, 'ETag')}`);
    assert.equal(again.status, 304);
    assert.equal(field(again, 'Cache-Control'), 'public, max-age=60');
    const lost = await fetched('/assets/gone-B4nX9a2c.js', 'Accept: text/html');
    assert.equal(lost.status, 404);
    assert.match(lost.body.toString(), /<h1>Lost<\/h1>/);
    assert.equal(field(lost, 'Cache-Control'), 'no-store');
  });

  test('names its downloads and types as it wants', async () => {
    const target = '/%C3%9Cber%20%22uns%22.pdf';
    const named = `attachment; filename="_ber _uns_.pdf"; filename*=UTF-8''%C3%9Cber%20%22uns%22.pdf`;
    assert.equal(field(await fetched(target), 'Content-Disposition'), named);
    const part = await fetched(target, 'Range: bytes=0-3');
    assert.equal(part.status, 206);
    assert.equal(field(part, 'Content-Disposition'), named);
    assert.equal(field(await fetched('/thing.unknown-type'), 'Content-Type'), 'text/x-thing; charset=utf-8');
  });

  test('has files from both of its roots', async () => {
    assert.equal((await fetched('/theme.css')).status, 200);
    assert.equal((await fetched('/hello.txt')).body.toString(), 'Hello, world.\n');
  });

  test('is walked through by a browser: clean addresses, styles that load, its own page for what is lost', async () => {
    const browser = await startChromium(['site.test']);
    try {
      const page = await browser.newPage();
      const at = (path: string): string => `http://site.test:${server.port}${path}`;
      const styled = page.waitForResponse(at('/style.css'));
      await page.goto(at('/about.html?from=link'));
      assert.equal(page.url(), at('/about?from=link'));
      assert.equal(await page.textContent('h1'), 'About');
      assert.equal((await styled).status(), 200);
      await page.goto(at('/docs'));
      assert.equal(page.url(), at('/docs/'));
      const lost = await page.goto(at('/nowhere'));
      assert.equal(lost?.status(), 404);
      assert.equal(await page.textContent('h1'), 'Lost');
    } finally {
      await browser.close();
    }
  });
});
