/**
 * Threat: a path that leads out of the root, in a spelling that was decoded once too often, too late, or otherwise
 * than it was checked. The handler is given each as it stands: nothing before it has cleaned the path. Canaries stand
 * above the root and beside it, and nobody may see them.
 */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { ask, fileMemory, openBelow, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const CANARY = 'canary: you are outside of the root';

const directory = temporaryDirectory();
directory.write('canary.txt', CANARY);
directory.write('site-beside/canary.txt', CANARY);
directory.write('site/hello.txt', 'hello');
directory.write('site/docs/index.html', 'docs');
directory.write('site/.hidden/canary.txt', CANARY);
directory.write('site/.canary', CANARY);
symlinkSync('../canary.txt', directory.join('site', 'out.txt'));
symlinkSync('..', directory.join('site', 'up'));
symlinkSync(directory.path, directory.join('site', 'absolute'));
symlinkSync('out.txt', directory.join('site', 'twice.txt'));
symlinkSync('up/site-beside', directory.join('site', 'beside'));
after(() => directory.remove());

const UP = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '%252e%252e',
  '%25252e%25252e',
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%f0%80%80%ae%f0%80%80%ae',
  '%ef%bc%8e%ef%bc%8e',
  '%u002e%u002e',
  '..%00',
  '%00..',
  '..%20',
  '..;',
  '...',
  '.%0d.',
  '\xae\xae',
];
const SEPARATORS = ['/', '%2f', '%2F', '\\', '%5c', '%c0%af', '%252f', '//', '/./', '%ef%bc%8f', '%c1%9c'];

/** Paths that climb, by the spelling of `..`: 44 for each. */
const spelled = UP.map((up) => ({
  up,
  paths: SEPARATORS.flatMap((separator) => [
    `/${up}${separator}canary.txt`,
    `/docs/${up}${separator}${up}${separator}canary.txt`,
    `/hello.txt${separator}${up}${separator}${up}${separator}canary.txt`,
    `${separator}${up}${separator}site-beside${separator}canary.txt`,
  ]),
}));
const others = [
  `${directory.path}/canary.txt`,
  `/${directory.path}/canary.txt`,
  `/%2f${directory.path}/canary.txt`,
  `/file:${directory.path}/canary.txt`,
  `/proc/self/root${directory.path}/canary.txt`,
  '/../canary.txt%00.html',
  '/../canary.txt/',
  '../canary.txt',
  '..',
  'canary.txt',
  '/C:/canary.txt',
  '/C:\\canary.txt',
  '/~/canary.txt',
  '/-beside/canary.txt',
  '/../site-beside/canary.txt',
];
const links = [
  '/out.txt',
  '/twice.txt',
  '/up/canary.txt',
  '/absolute/canary.txt',
  '/beside/canary.txt',
  '/up/site-beside/canary.txt',
];
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
    for (const { up, paths } of spelled) {
      test(`by way of ${JSON.stringify(up)}`, async () => {
        for (const path of paths) await assertRefused(handler, path);
      });
    }
    for (const path of [...others, ...links]) test(path, () => assertRefused(handler, path));
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
