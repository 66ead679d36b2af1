/** `dreamserver files`: what it says, and what its options do, for curl and in a browser. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startChromium } from '../support/browser.ts';
import { Child } from '../support/child.ts';
import { dreamserver, DreamServer, startCommand, untilListening } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const directory = resources.use(temporaryDirectory());
directory.write('site/notes/a.txt', 'a');
directory.write('site/page/index.html', '<!doctype html><title>Page</title><body>Hello</body>');
const root = directory.join('site');

/** An environment in which a browser is curl: it asks for one page of the address, and for how many it was given. */
const withBrowser = { ...process.env, PATH: `${directory.join('bin')}:${process.env['PATH']}` };
const browser = directory.write('bin/xdg-open', '#!/bin/sh\nexec curl -s "$1/page/?arguments=$#"\n');
chmodSync(browser, 0o755);

/** Addresses by which others reach this machine. */
const reached = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .filter(({ internal, address }) => !internal && !address.startsWith('fe80'));

/** The port in the line that says where it listens. */
function portOf(child: Child): number {
  const [, port] = /listening +http:\/\/localhost:(\d+)/.exec(child.output) ?? [];
  return Number(port);
}

suite('dreamserver files', () => {
  test('lists directories, refuses to where told, and serves the current one where none is named', async () => {
    const child = dreamserver(['files', '--listen', '127.0.0.1:0'], { cwd: root });
    await untilListening(child);
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(child.output) ?? [];
    await using here = new DreamServer(child, Number(port));
    const listing = await exchange(here.port, get('/'));
    assert.equal(listing.status, 200);
    assert.match(listing.body.toString(), /href="\.\/notes\/"/);

    await using refusing = await startCommand('files', root, '--no-listing');
    assert.equal((await exchange(refusing.port, get('/'))).status, 403);
  });

  test('says under which addresses others find it, where it listens on all', async () => {
    const child = dreamserver(['files', root, '--listen', ':0']);
    await untilListening(child);
    await using server = new DreamServer(child, portOf(child));
    for (const { address, family } of reached) {
      const host = family === 'IPv6' ? `[${address}]` : address;
      assert.ok(child.output.includes(` http://${host}:${server.port}\n`), child.output);
    }
    assert.doesNotMatch(child.output, /[▀▄█]|fe80/, 'a QR code is for terminals');
    await using local = await startCommand('files', root);
    assert.doesNotMatch(local.child.output, /network/);
  });

  test('takes the next port where the usual one is in use, and says so', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      // Somebody else may have it: then that is who has it.
      other.once('error', () => resolve());
      other.listen(8080, resolve);
    });
    const child = dreamserver(['files', root]);
    await untilListening(child);
    await using server = new DreamServer(child, portOf(child));
    other.close();
    assert.ok(server.port > 8080);
    assert.ok(child.output.includes(`Port 8080 is in use, so this is on port ${server.port}.`), child.output);
    assert.equal((await exchange(server.port, get('/page/'))).status, 200);
  });

  test('does not start on another address than the one that was asked for', async () => {
    await using first = await startCommand('files', root);
    const second = dreamserver(['files', root, '--listen', `127.0.0.1:${first.port}`]);
    assert.equal((await second.exited).code, 1);
    assert.match(second.output, /already in use/);
    const third = dreamserver(['files', root, '--watch', '--listen', `127.0.0.1:${first.port}`]);
    assert.equal((await third.exited).code, 1);
  });

  test('shows the first address as a QR code on a terminal, and none where no network reaches it', async () => {
    const command = `"${process.execPath}" src/cli/main.ts files "${root}" --listen :0 --open`;
    const terminal = new Child('terminal', 'script', ['-qefc', command, '/dev/null'], {
      env: { ...withBrowser, TERM: 'xterm-256color' },
    });
    // The browser is opened when everything has been shown.
    const asked = (): boolean => terminal.stdout.some((line) => line.includes('path=/page/'));
    await terminal.untilOutput('the browser asks', asked);
    await terminal.stop();
    const code = terminal.stdout.filter((line) => /[▀▄█]/.test(line));
    if (reached.length === 0) {
      assert.deepEqual(code, []);
      assert.doesNotMatch(terminal.output, /network/);
    } else {
      assert.ok(code.length > 10);
      assert.ok(terminal.output.indexOf('network') < terminal.output.indexOf('▀'));
    }
  });

  test('--open shows it in the browser, which gets the address as it is', async () => {
    const child = dreamserver(['files', root, '--open', '--listen', '127.0.0.1:0'], { env: withBrowser });
    await untilListening(child);
    await using server = new DreamServer(child, 0);
    const [request] = await server.untilLogged(1);
    assert.equal(request.path, '/page/?arguments=1');
  });

  test('--spa says so where there is nothing to answer with', async () => {
    await using without = await startCommand('files', root, '--spa');
    assert.match(without.child.output, /There is no .*site\/index\.html/);
    await using having = await startCommand('files', directory.join('site/page'), '--spa');
    assert.doesNotMatch(having.child.output, /There is no/);
  });

  test('--open says so where no browser can be opened', async () => {
    const opener = directory.write('no-browser/xdg-open', '#!/bin/sh\nexit 3\n');
    chmodSync(opener, 0o755);
    const child = dreamserver(['files', root, '--open', '--listen', '127.0.0.1:0'], {
      env: { ...process.env, PATH: `${directory.join('no-browser')}:${process.env.PATH}` },
    });
    const said = /xdg-open could not open http:\/\/127\.0\.0\.1:\d+$/;
    await child.untilOutput('what went wrong', () => child.stderr.some((line) => said.test(line)));
    await child.stop();
  });
});

suite('in a browser', () => {
  let browser: Browser;
  before(async () => {
    browser = await startChromium([]);
    resources.defer(() => browser.close());
  });

  test('--cors lets other sites read, also with fields of their own', async () => {
    await using served = await startCommand('files', root, '--cors');
    await using elsewhere = await startCommand('files', root);
    const page = await browser.newPage();
    await page.goto(`${elsewhere.url}/page/`);
    const read = (url: string): Promise<string> =>
      page.evaluate(
        (from) =>
          fetch(from, { headers: { 'X-Own': '1' } }).then(
            (r) => r.text(),
            () => 'refused',
          ),
        `${url}/notes/a.txt`,
      );
    assert.equal(await read(served.url), 'a');
    assert.ok((await served.untilLogged(2)).some(({ method }) => method === 'OPTIONS'));
    assert.equal(await read(elsewhere.url), 'a', 'its own site');
    await using closed = await startCommand('files', root);
    assert.equal(await read(closed.url), 'refused');
    const preflight = head(
      'OPTIONS /notes/a.txt HTTP/1.1',
      'Host: a',
      'Origin: http://b.example',
      'Access-Control-Request-Method: GET',
    );
    assert.equal(field(await exchange(served.port, preflight), 'Access-Control-Allow-Origin'), '*');
    await page.close();
  });

  /** A page that hears of changes by now. */
  async function opened(url: string): Promise<Page> {
    const page = await browser.newPage();
    const listens = page.waitForResponse((answer) => answer.url().endsWith('/.dreamserver/reload'));
    await page.goto(url);
    assert.equal((await listens).status(), 200);
    return page;
  }

  test('--watch loads a page anew when it changes, and exchanges a style in place', async () => {
    const site = temporaryDirectory();
    resources.use(site);
    const html = (text: string): string =>
      `<!doctype html><link rel=stylesheet href=style.css><title>${text}</title><body>${text}</body>`;
    site.write('sub/index.html', html('old'));
    site.write('sub/style.css', 'body { color: rgb(1, 2, 3) }');
    await using server = await startCommand('files', site.path, '--watch');
    const page = await opened(`${server.url}/sub/`);
    await page.evaluate("document.body.dataset.state = 'kept'");
    site.write('sub/style.css', 'body { color: rgb(4, 5, 6) }');
    await page.waitForFunction("getComputedStyle(document.body).color === 'rgb(4, 5, 6)'");
    assert.equal(await page.evaluate('document.body.dataset.state'), 'kept');

    const loads = page.waitForEvent('load');
    site.write('sub/index.html', html('new'));
    await loads;
    await page.waitForFunction("document.title === 'new'");
    assert.equal(await page.evaluate('document.body.dataset.state'), undefined);
    // The page still listens, and does not keep the server from stopping.
    const started = performance.now();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.ok(performance.now() - started < 10_000, 'it does not wait for the page');
    await page.close();
  });

  test('--watch works on a listing too: a new file is seen', async () => {
    const site = temporaryDirectory();
    resources.use(site);
    site.write('one.txt', '');
    await using server = await startCommand('files', site.path, '--watch');
    const page = await opened(`${server.url}/`);
    assert.equal(await page.locator('tbody a').count(), 1);
    site.write('two.txt', '');
    await page.locator('text=two.txt').waitFor();
    await page.close();
  });

  test('without --watch nothing is put into a page', async () => {
    await using server = await startCommand('files', root);
    assert.doesNotMatch((await exchange(server.port, get('/page/'))).body.toString(), /<script/);
    assert.equal((await exchange(server.port, get('/.dreamserver/reload'))).status, 404);
  });

  test('a listing is walked through without a script, whatever the names are', async () => {
    const site = temporaryDirectory();
    resources.use(site);
    const names = ['<b>&"\'.txt', 'a:b %41?#.txt', '\u202Egpj.txt', 'x\ty.txt'];
    for (const [i, name] of names.entries()) site.write(`sub dir/${name}`, 'x'.repeat(i + 1));
    await using server = await startCommand('files', site.path);
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.url);
    await page.click('text=sub dir');
    await page.click('th >> text=Size');
    assert.equal(new URL(page.url()).search, '?sort=size&order=desc');
    const links = page.locator('tbody tr:not(.u) a');
    for (let i = 0; i < names.length; i++) {
      const href = await links.nth(i).getAttribute('href');
      const answer = await context.request.get(new URL(href ?? '', page.url()).href);
      assert.equal((await answer.text()).length, names.length - i);
    }
    await page.click('text=Parent folder');
    assert.equal(new URL(page.url()).pathname, '/');
    assert.deepEqual(complaints, [], 'its own policy lets its style through');
    await context.close();
  });
});
