import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { fileMemory, ask, settledAsk, staticOptions, told } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const directory = temporaryDirectory();
directory.write('secret.txt', 'secret');
directory.write('own/a.txt', 'own a');
directory.write('own/docs/more.txt', 'own more');
directory.write('own/big.bin', Buffer.alloc(2 ** 20 + 1, 'o'));
directory.write('theme/a.txt', 'theme a');
directory.write('theme/b.txt', 'theme b');
directory.write('theme/docs/index.html', 'theme docs');
directory.write('theme/404.html', 'theme 404');
directory.write('theme/large.bin', Buffer.alloc(2 ** 20 + 1, 't'));
symlinkSync('../secret.txt', directory.join('own', 'out.txt'));
symlinkSync('../theme/b.txt', directory.join('own', 'across.txt'));
symlinkSync('../secret.txt', directory.join('theme', 'out.txt'));
after(() => directory.remove());

const serving = (options: Partial<StaticOptions> = {}): ReturnType<typeof createStaticHandler> =>
  createStaticHandler(
    staticOptions(directory.join('own'), { furtherRoots: [directory.join('theme')], ...options }),
    { files: fileMemory() },
  );

suite('of several roots', () => {
  const handler = serving();
  for (const [target, expected] of [
    ['/a.txt', 'own a'],
    ['/b.txt', 'theme b'],
    ['/docs', '/docs/'],
    ['/docs/', 'theme docs'],
    ['/docs/more.txt', 'own more'],
    // A link out of a root stays one, also where it ends in another root.
    ['/out.txt', 404],
    ['/across.txt', 404],
    ['/../theme/b.txt', 404],
  ] as const) {
    test(`${target} gives ${expected}`, async () => {
      for (let i = 0; i < 2; i++) assert.equal(told(await ask(handler, target)), expected);
    });
  }

  test('a large file is streamed from where it was found', async () => {
    for (let i = 0; i < 3; i++) {
      const { status, body } = await ask(handler, '/large.bin');
      assert.equal(status, 200);
      assert.ok(body.equals(Buffer.alloc(2 ** 20 + 1, 't')));
    }
  });

  test('the first that has an error page gives it', async () => {
    assert.equal((await ask(handler, '/missing')).text, 'theme 404');
    const page = directory.write('own/404.html', 'own 404');
    assert.equal((await ask(handler, '/missing', { after: FRESH_MS + 1 })).text, 'own 404');
    rmSync(page);
  });

  test('a file that comes into a root further up is served, and goes again', async () => {
    const own = serving();
    assert.equal((await settledAsk(own, '/b.txt')).text, 'theme b');
    const path = directory.write('own/b.txt', 'own b');
    assert.equal((await settledAsk(own, '/b.txt', { after: FRESH_MS + 1 })).text, 'own b');
    rmSync(path);
    assert.equal((await settledAsk(own, '/b.txt', { after: 2 * FRESH_MS + 2 })).text, 'theme b');
  });
});

test('each root has to be there', () => {
  assert.throws(() => serving({ furtherRoots: [directory.join('nowhere')] }), { code: 'ENOENT' });
});
