/** A day in Django's admin, in a real browser: through the proxy nobody should notice that there is one. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startChromium } from '../support/browser.ts';
import { DJANGO_PROGRAMS, DjangoSite } from '../support/django.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { requires } from '../support/packages.ts';
import { pseudoRandom, sha256, sha256OfFile } from '../support/sha256.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const UPLOAD = pseudoRandom(20 * 1000 * 1000, 7);

suite("Django's admin in Chromium", { skip: requires(...DJANGO_PROGRAMS, 'chromium') }, () => {
  let django: DjangoSite;
  let browser: Browser;
  let directory: TemporaryDirectory;

  before(async () => {
    directory = resources.use(temporaryDirectory());
    django = resources.use(await DjangoSite.start());
    browser = resources.use(await startChromium(['djangoserver.com']));
  });

  const serve = (followRedirects: false | { max: number }): Promise<DreamServer> =>
    startDreamServer({
      upstreams: { django: { servers: [django.url] } },
      routes: [
        { match: { host: 'djangoserver.com', path: '/static/*' }, files: { root: django.publicRoot } },
        {
          match: { host: 'djangoserver.com' },
          proxy: { to: 'django', ...(followRedirects ? { followRedirects } : {}) },
        },
      ],
    });

  for (const followRedirects of [false, { max: 5 }] as const) {
    const how = followRedirects ? 'redirects followed by the server' : 'redirects left to the browser';
    test(`log in, add a user, upload 20 MB, log out; ${how}`, async () => {
      await using server = await serve(followRedirects);
      const origin = `http://djangoserver.com:${server.port}`;
      const name = followRedirects ? 'followed' : 'passed';
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const troubles = watch(page);
      // Who leaves a page while its icons still come breaks them off, and that is nobody's fault.
      const open = async (path: string): Promise<void> => {
        await page.waitForLoadState('networkidle');
        await page.goto(`${origin}${path}`);
      };
      const heading = (): Promise<string> => page.locator('#content h1').innerText();

      await open('/admin/');
      assert.equal(new URL(page.url()).pathname, followRedirects ? '/admin/' : '/admin/login/');
      await page.fill('#id_username', django.superuser.name);
      await page.fill('#id_password', django.superuser.password);
      await page.click('input[type=submit]');
      await page.waitForURL(`${origin}/admin/`);
      assert.equal(await heading(), 'Site administration');
      const cookies = await context.cookies();
      assert.deepEqual(cookies.map((cookie) => cookie.name).toSorted(), ['csrftoken', 'sessionid']);
      assert.ok(cookies.every((cookie) => cookie.domain === 'djangoserver.com'));
      const colour = await page.evaluate<string>(
        "getComputedStyle(document.querySelector('#header')).backgroundColor",
      );
      assert.equal(colour, 'rgb(65, 118, 144)', "the admin's own style sheet is in force");

      await page.waitForLoadState('networkidle');
      await page.click('a[href="/admin/auth/user/add/"]');
      await page.fill('#id_username', name);
      await page.fill('#id_password1', 'long-Enough-7');
      await page.fill('#id_password2', 'long-Enough-7');
      await page.click('input[name=_save]');
      await page.waitForURL(/\/admin\/auth\/user\/\d+\/change\/$/);
      await open('/admin/auth/user/');
      await page.getByRole('link', { name, exact: true }).waitFor();

      await open('/admin/probe/document/add/');
      await page.fill('#id_title', `a document ${name}`);
      await page.setInputFiles('#id_file', directory.write(`${name}.bin`, UPLOAD));
      await page.click('input[name=_save]');
      await page.waitForURL(`${origin}/admin/probe/document/`);
      await page.getByText('was added successfully').waitFor();
      assert.equal(await sha256OfFile(django.documentPath(`${name}.bin`)), sha256(UPLOAD));

      await page.waitForLoadState('networkidle');
      await page.getByRole('link', { name: /log out/i }).click();
      await page.getByText(/thanks for spending/i).waitFor();
      await open('/admin/');
      await page.locator('#id_password').waitFor();

      await page.waitForLoadState('networkidle');
      assert.deepEqual(troubles, []);
      await context.close();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      // Chromium asks for an icon that this site has not.
      const refused = server.requests.filter(
        ({ status, path }) => status >= '400' && path !== '/favicon.ico',
      );
      assert.deepEqual(refused, []);
    });
  }
});

/** Collects what a user would call broken: failed requests, error answers, errors in the console. */
function watch(page: Page): string[] {
  const troubles: string[] = [];
  page.on('requestfailed', (request) => troubles.push(`failed: ${request.method()} ${request.url()}`));
  page.on('pageerror', (error) => troubles.push(`page error: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico')) {
      troubles.push(`${response.status()}: ${response.url()}`);
    }
  });
  return troubles;
}
