/** Files in their codings, as real clients and a real nginx see them. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { brotliCompressSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { startChromium } from '../support/browser.ts';
import { curl, type CurlResult, headField } from '../support/curl.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const SCRIPT = Buffer.from('document.body.append("The quick brown fox. ");\n'.repeat(2000));
const CODINGS = ['br', 'zstd', 'gzip'] as const;

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let server: DreamServer;

before(async () => {
  site = resources.use(temporarySite());
  site.write('built/app.js', SCRIPT);
  site.write('built/app.js.br', brotliCompressSync(SCRIPT));
  site.write('built/app.js.zst', zstdCompressSync(SCRIPT));
  site.write('built/app.js.gz', gzipSync(SCRIPT, { level: 9 }));
  site.write('page.html', '<!doctype html><title>Page</title><body><script src="/made/app.js"></script>');
  site.write('made/app.js', SCRIPT);
  server = resources.use(
    await startDreamServer({
      routes: [
        {
          match: { path: '/built/*' },
          files: { root: site.root, precompressed: [...CODINGS], compress: false },
        },
        { files: { root: site.root } },
      ],
      workers: 1,
    }),
  );
  // What has just been written is served as it is for two seconds.
  await until(async () => headField((await asking('/made/app.js', 'gzip')).head, 'Content-Encoding'), {
    what: 'the file is compressed',
    within: 30_000,
    every: 200,
  });
});

const asking = (path: string, acceptEncoding: string, ...args: string[]): Promise<CurlResult> =>
  curl([...args, '-H', `Accept-Encoding: ${acceptEncoding}`, server.url + path]);

for (const path of ['/built/app.js', '/made/app.js']) {
  suite(path, () => {
    for (const coding of CODINGS) {
      test(`curl decodes ${coding} to the file`, async () => {
        const answer = await asking(path, coding, '--compressed');
        assert.equal(answer.code, 0, answer.messages);
        assert.equal(headField(answer.head, 'Content-Encoding'), coding);
        assert.equal(headField(answer.head, 'Vary'), 'Accept-Encoding');
        assert.ok(Number(headField(answer.head, 'Content-Length')) < SCRIPT.length / 10);
        assert.ok(answer.body.equals(SCRIPT));
      });
    }

    test('curl gets the best of what it takes, and the file when it takes nothing', async () => {
      const best = await curl(['--compressed', server.url + path]);
      assert.equal(headField(best.head, 'Content-Encoding'), 'br');
      assert.ok(best.body.equals(SCRIPT));
      const plain = await curl([server.url + path]);
      assert.equal(headField(plain.head, 'Content-Encoding'), undefined);
      assert.ok(plain.body.equals(SCRIPT));
    });

    test('HEAD tells what GET does', async () => {
      const get = await asking(path, 'zstd');
      const head = await asking(path, 'zstd', '--head');
      for (const name of ['Content-Length', 'Content-Encoding', 'ETag', 'Vary', 'Content-Type']) {
        assert.equal(headField(head.head, name), headField(get.head, name), name);
      }
    });

    test('parts of the coded bytes make the whole', async () => {
      const whole = await asking(path, 'gzip');
      const etag = headField(whole.head, 'ETag') ?? '';
      const parts: Buffer[] = [];
      for (let at = 0; at < whole.body.length; at += 100) {
        const range = ['--range', `${at}-${at + 99}`, '-H', `If-Range: ${etag}`];
        const part = await asking(path, 'gzip', ...range);
        assert.equal(part.status, 206);
        assert.equal(headField(part.head, 'ETag'), etag);
        assert.equal(headField(part.head, 'Content-Range')?.split('/')[1], `${whole.body.length}`);
        parts.push(part.body);
      }
      assert.ok(Buffer.concat(parts).equals(whole.body));
      assert.ok(gunzipSync(Buffer.concat(parts)).equals(SCRIPT));
    });

    test('a tag is that of one coding', async () => {
      const tags = new Map<string, string>();
      for (const coding of [...CODINGS, 'identity']) {
        tags.set(coding, headField((await asking(path, coding)).head, 'ETag') ?? '');
      }
      assert.equal(new Set(tags.values()).size, 4);
      for (const [of, tag] of tags) {
        for (const [to] of tags) {
          const answer = await asking(path, to, '-H', `If-None-Match: ${tag}`);
          assert.equal(answer.status, of === to ? 304 : 200, `the tag of ${of} to who takes ${to}`);
          assert.equal(headField(answer.head, 'Vary'), 'Accept-Encoding');
          assert.equal(headField(answer.head, 'ETag'), tags.get(to));
        }
      }
    });
  });
}

test('Chromium gets Brotli and runs it', { skip: requires('chromium') }, async () => {
  await using browser = await startChromium([]);
  const page = await browser.newPage();
  const answered = page.waitForResponse(/app\.js$/);
  await page.goto(`${server.url}/page.html`);
  const response = await answered;
  assert.equal(response.status(), 200);
  assert.equal(response.headers()['content-encoding'], 'br');
  assert.ok((await response.body()).equals(SCRIPT));
  assert.equal((await page.textContent('body'))?.split('fox').length, 2001);
});

test('nginx with gzip_static chooses the same siblings', { skip: requires('nginx') }, async () => {
  await using nginx = await Nginx.start({ root: site.root, server: 'gzip_static on; gzip_vary on;' });
  for (const [path, accept] of [
    ['/built/app.js', 'gzip'],
    ['/built/app.js', 'gzip;q=0'],
    ['/built/app.js', 'identity'],
    ['/built/app.js.gz', 'gzip'],
  ] as const) {
    const theirs = await curl(['-H', `Accept-Encoding: ${accept}`, nginx.url + path]);
    const ours = await asking(path, accept);
    assert.equal(headField(ours.head, 'Content-Encoding'), headField(theirs.head, 'Content-Encoding'), path);
    assert.ok(ours.body.equals(theirs.body), path);
  }
});
