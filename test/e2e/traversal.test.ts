/**
 * Threat: a client names a path that leads out of the root, in any of the spellings that some server once decoded
 * once too often, too late, or otherwise than it checked. Canaries stand above the root and beside it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { exchange } from '../support/raw-connection.ts';
import { CANARY, type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const TARGETS = readFileSync(new URL('../fixtures/traversal-targets.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

let site: Site;
let server: DreamServer;

before(async () => {
  site = resources.use(temporarySite());
  server = resources.use(
    await startDreamServer({
      routes: [{ match: { path: '/below/*' }, files: { root: site.root } }, { files: { root: site.root } }],
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
        get(target.replace(/^\//, '/below/')),
      ]) {
        const response = await exchange(server.port, request);
        const body = response.body.toString();
        assert.ok(!body.includes(CANARY.slice(0, 8)), `canary served for ${request}`);
        assert.ok(!body.includes('root:x:0'), `passwd served for ${request}`);
        assert.ok(!body.includes(site.above), `path of the disk shown for ${request}`);
        assert.ok(response.status < 500, `${response.status} for ${request}`);
      }
    });
  }

  test('the server still serves afterwards', async () => {
    assert.equal((await exchange(server.port, get('/hello.txt'))).body.toString(), 'Hello, world.\n');
  });
});
