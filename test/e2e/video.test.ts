/** A film of 50 MB in a real browser, which gets at the place that is wanted by asking for a part of the file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, statSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startChromium } from '../support/browser.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { program, requires } from '../support/packages.ts';
import { temporaryDirectory } from '../support/temp.ts';

const SIZE = 50_000_000;
const SECONDS = 120;

suite('a film of 50 MB', { skip: requires('chromium', 'ffmpeg') }, () => {
  const resources = new AsyncDisposableStack();
  const site = resources.use(temporaryDirectory());
  let server: DreamServer;
  let browser: Browser;

  before(async () => {
    copyFileSync(new URL('../fixtures/film/index.html', import.meta.url), site.join('index.html'));
    makeFilm(site.join('film.mp4'));
    server = resources.use(await startDreamServer({ routes: [{ files: { root: site.path } }] }));
    browser = resources.use(await startChromium([]));
  });
  after(() => resources.disposeAsync());

  test('is as large as that', () => {
    assert.ok(statSync(site.join('film.mp4')).size >= SIZE, String(statSync(site.join('film.mp4')).size));
  });

  test('is played from wherever it is wanted', async (context) => {
    const page = await browser.newPage();
    const firsts = new Set<number>();
    page.on('request', (request) => {
      const first = /^bytes=(\d+)-/.exec(request.headers()['range'] ?? '')?.[1];
      if (first !== undefined) firsts.add(Number(first));
    });
    await page.goto(`${server.url}/`);
    assert.equal(await page.evaluate('known'), SECONDS);
    for (const second of [100, 15, 60, 119]) {
      assert.deepEqual(await page.evaluate(`seek(${second})`), { second, width: 320, isBlank: false });
    }

    context.diagnostic(`asked for parts from ${[...firsts].join(', ')}`);
    assert.ok(firsts.size >= 3, 'it asked for several parts');
    assert.ok(Math.max(...firsts) > SIZE / 2, 'it did not read its way there');
    await page.close();

    // Parts that it has kept it does not ask for again, or only whether they are still good.
    const logged = await server.child.untilOutput('its answers are logged', () => {
      const entries = server.requests.filter(({ path }) => path === '/film.mp4');
      return entries.filter(({ status }) => status === '206').length >= 3 && entries;
    });
    const others = logged.filter(({ status }) => status !== '206' && status !== '304');
    // It begins with the whole film, and breaks that off where it knows where to look before all of it has come.
    for (const { status, error = 'client.gone' } of others) {
      assert.deepEqual({ status, error }, { status: '200', error: 'client.gone' });
    }
  });
});

/** Its table of contents stands at the end, so that the browser has to ask for a part even before it plays. */
function makeFilm(path: string): void {
  const rate = `${Math.ceil((SIZE * 8) / SECONDS / 1000) + 100}k`;
  const source = `-loglevel error -f lavfi -i testsrc=size=320x240:rate=10:duration=${SECONDS}`;
  const coding = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -x264-params nal-hrd=cbr';
  const rates = `-b:v ${rate} -minrate ${rate} -maxrate ${rate} -bufsize ${rate}`;
  execFileSync(program('ffmpeg'), [...`${source} ${coding} ${rates}`.split(' '), path]);
}
