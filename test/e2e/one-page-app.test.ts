/** An application of one page, built by Vite, in a real browser: every page of it can be opened, left and reloaded. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { startChromium } from '../support/browser.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporaryDirectory } from '../support/temp.ts';

const APP = fileURLToPath(new URL('../fixtures/one-page-app', import.meta.url));

suite('an application of one page', { skip: requires('chromium') }, () => {
  const resources = new AsyncDisposableStack();
  const root = resources.use(temporaryDirectory()).path;
  let server: DreamServer;
  let browser: Browser;

  before(async () => {
    await build({
      root: APP,
      configFile: false,
      logLevel: 'silent',
      build: { outDir: root, emptyOutDir: true },
    });
    server = resources.use(await startDreamServer({ routes: [{ files: { root, spa: true } }] }));
    browser = resources.use(await startChromium([]));
  });
  after(() => resources.disposeAsync());

  test('has its assets under hashed names', () => {
    const names = globSync('assets/*', { cwd: root });
    assert.equal(names.length, 3, names.join(' '));
    for (const name of names) assert.match(name, /-[\w-]{8}\.(?:js|css)$/);
  });

  test('is opened, walked through, reloaded and gone back in', async () => {
    const page = await browser.newPage();
    const troubles = watch(page);
    const shows = async (title: string): Promise<void> => {
      await page.getByRole('heading', { name: title, exact: true }).waitFor();
      const color = await page.evaluate("getComputedStyle(document.querySelector('h1')).color");
      assert.equal(color, 'rgb(0, 128, 128)', 'its style is there');
    };
    await page.goto(`${server.url}/`);
    await shows('Home');

    await page.getByRole('link', { name: 'User 7' }).click();
    await shows('User 7');
    assert.equal(new URL(page.url()).pathname, '/users/7');

    for (let times = 0; times < 3; times++) {
      const response = await page.reload();
      assert.ok([200, 304].includes(response?.status() ?? 0), 'the path is answered with the page');
      assert.equal(new URL(page.url()).pathname, '/users/7');
      await shows('User 7');
    }

    await page.goBack();
    await shows('Home');
    await page.goto(`${server.url}/users/12345?tab=1#there`);
    await shows('User 12345');
    assert.deepEqual(troubles, []);
    await page.close();
  });

  test('is not answered for a script that is missing, as after a new release', async () => {
    for (const [target, accept] of [
      ['/assets/index-OLDHASH0.js', '*/*'],
      ['/assets/index-OLDHASH0.css', 'text/css,*/*;q=0.1'],
      ['/assets/picture.webp', 'image/avif,image/webp,image/apng,*/*;q=0.8'],
    ]) {
      const response = await exchange(server.port, get(target, `Accept: ${accept}`));
      assert.equal(response.status, 404, target);
    }
  });

  test('has one entity-tag, whichever of its pages is asked for', async () => {
    const first = await exchange(server.port, get('/users/7', 'Accept: text/html'));
    const tag = field(first, 'ETag') ?? '';
    const again = await exchange(server.port, get('/users/8', 'Accept: text/html', `If-None-Match: ${tag}`));
    assert.deepEqual([first.status, again.status], [200, 304]);
  });
});

/** What goes wrong on a page: errors of its scripts, and answers of 400 and above. */
function watch(page: Page): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()} ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    troubles.push(`${request.failure()?.errorText ?? 'failed'} ${request.url()}`);
  });
  return troubles;
}
