/**
 * Threat: a path that leads out of the root, in a spelling that was decoded once too often, too late, or otherwise
 * than it was checked. The handler is given each as it stands: nothing before it has cleaned the path. Canaries stand
 * above the root and beside it, and nobody may see them.
 */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { climbingPaths, outsidePaths } from '../../../test/support/malicious-paths.ts';
import { ask, fileMemory, openBelow, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const CANARY = 'canary: you are outside of the root';

const directory = temporaryDirectory();
directory.write('canary.txt', CANARY);
directory.write('site-secret/canary.txt', CANARY);
directory.write('site/hello.txt', 'hello');
directory.write('site/docs/index.html', 'docs');
directory.write('site/.hidden/canary.txt', CANARY);
directory.write('site/.canary', CANARY);
symlinkSync('../canary.txt', directory.join('site', 'link-out.txt'));
symlinkSync('..', directory.join('site', 'directory-out'));
symlinkSync(directory.path, directory.join('site', 'absolute'));
symlinkSync('link-out.txt', directory.join('site', 'twice.txt'));
symlinkSync('directory-out/site-secret', directory.join('site', 'beside'));
after(() => directory.remove());

const links = ['/twice.txt', '/absolute/canary.txt', '/beside/canary.txt'];
const dotfiles = [
  '/.canary',
  '/.hidden/canary.txt',
  '/%2ehidden/canary.txt',
  '/%2Ecanary',
  '/docs/..%2f.canary',
];

for (const options of [{}, { symlinks: 'deny' }, { dotfiles: 'allow' }, { spa: true, index: [] }] as const) {
  suite(`no path leads out of the root with ${JSON.stringify(options)}`, () => {
    const handler = serving(options);
    for (const { up, paths } of climbingPaths) {
      test(`by way of ${JSON.stringify(up)}`, async () => {
        for (const path of paths) await assertRefused(handler, path);
      });
    }
    test('by its place on the disk, or by a name that a system knows', async () => {
      for (const path of outsidePaths(directory.path)) await assertRefused(handler, path);
    });
    for (const path of links) test(path, () => assertRefused(handler, path));
  });
}

suite('dotfiles are not there', () => {
  const handler = serving();
  for (const path of dotfiles) test(path, () => assertRefused(handler, path));
});

test('no descriptor was left open', () => assert.deepEqual(openBelow(directory.path), []));

function serving(options: Partial<StaticOptions> = {}): ReturnType<typeof createStaticHandler> {
  return createStaticHandler(staticOptions(directory.join('site'), options), { files: fileMemory() });
}

async function assertRefused(handler: ReturnType<typeof createStaticHandler>, path: string): Promise<void> {
  for (const method of ['GET', 'HEAD']) {
    const answer = await ask(handler, path, { method });
    const what = `${method} ${JSON.stringify(path)}`;
    assert.ok([400, 404].includes(answer.status), `${what} was answered ${answer.status}`);
    assert.ok(!answer.text.includes(CANARY), `${what} got the canary`);
    assert.ok(!answer.text.includes(directory.path), `${what} got a path of the disk`);
  }
}
