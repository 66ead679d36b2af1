/**
 * Threat: a client names a path that leads out of the root, in any of the spellings that some server once decoded
 * once too often, too late, or otherwise than it checked. Canaries stand above the root and beside it.
 */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { climbingPaths, outsidePaths } from '../support/malicious-paths.ts';
import { get, head } from '../support/message.ts';
import type { RawResponse } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { CANARY, type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const TARGETS = readFileSync(new URL('../fixtures/traversal-targets.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

/** The options of the root, by the host at which it is served. */
const ROOTS = { plain: {}, app: { spa: true }, linked: {} } as const;

const site: Site = resources.use(temporarySite());
const page = readFileSync(join(site.root, 'index.html'), 'utf8');
let server: DreamServer;

before(async () => {
  const linked = join(site.above, 'linked-root');
  symlinkSync('site', linked);
  const routes = Object.entries(ROOTS).flatMap(([host, options]) => {
    const root = host === 'linked' ? linked : site.root;
    return [
      { match: { host, path: '/below/*' }, files: { root, stripPrefix: '/below', ...options } },
      { match: { host }, files: { root, ...options } },
    ];
  });
  server = resources.use(
    await startDreamServer({
      routes: [
        ...routes,
        { match: { host: 'links' }, files: { root: site.root, symlinks: 'follow' } },
        { files: { root: site.root } },
      ],
      workers: 1,
    }),
  );
});

suite('no target leads out of the root', () => {
  for (const line of TARGETS) {
    test(line, async () => {
      const target = line.replaceAll('{above}', site.above);
      for (const request of [
        get(target),
        get(target, 'Range: bytes=0-10'),
        head(`GET ${target} HTTP/1.0`),
        head(`GET ${target.replace(/^\//, '/below/')} HTTP/1.1`, 'Host: plain'),
      ]) {
        const response = await exchange(server.port, request);
        assertInside(response, request);
        assert.ok(response.status < 500, `${response.status} for ${request}`);
      }
    });
  }
});

test('the canary would be seen, if somebody got it', async () => {
  const request = head('GET /link-out.txt HTTP/1.1', 'Host: links');
  const response = await exchange(server.port, request);
  assert.throws(() => assertInside(response, request), /canary served/);
});

test('there are more than 500 malicious paths', () => {
  const paths = new Set([...climbingPaths.flatMap((each) => each.paths), ...outsidePaths(site.above)]);
  assert.ok(paths.size > 500, `${paths.size} paths`);
});

for (const host of Object.keys(ROOTS)) {
  suite(`no path leads out of the root ${host}`, () => {
    for (const { up, paths } of climbingPaths) {
      test(`by way of ${JSON.stringify(up)}`, () => assertAllRefused(host, paths));
    }

    test('by its place on the disk, or by a name that a system knows', () =>
      assertAllRefused(host, outsidePaths(site.above)));
  });
}

test('the server still serves afterwards', async () => {
  assert.equal((await exchange(server.port, get('/hello.txt'))).body.toString(), 'Hello, world.\n');
});

/** How many connections there are at once. */
const CONNECTIONS = 16;

async function assertAllRefused(host: string, paths: readonly string[]): Promise<void> {
  const targets = host === 'plain' ? paths.flatMap((path) => [path, `/below${path}`]) : [...paths];
  const work = async (): Promise<void> => {
    for (let target = targets.pop(); target !== undefined; target = targets.pop()) {
      const request = head(`GET ${target} HTTP/1.1`, `Host: ${host}`);
      const response = await exchange(server.port, request);
      assertInside(response, request);
      const { status, body } = response;
      const isPage = host === 'app' && status === 200 && body.toString() === page;
      assert.ok(isPage || [400, 404].includes(status), `${status} for ${request}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

function assertInside(response: RawResponse, request: string): void {
  const text = response.body.toString();
  assert.ok(!text.includes(CANARY.slice(0, 20)), `canary served for ${request}`);
  assert.ok(!text.includes('root:x:0'), `passwd served for ${request}`);
  assert.ok(!text.includes(site.above), `path of the disk shown for ${request}`);
}
