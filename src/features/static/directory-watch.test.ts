import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ask, exchangeFor, fileMemory, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

/** A watch, and a promise of its next change. */
function watching(threads = 1): { watch: DirectoryWatch; next: () => Promise<void> } {
  let wake = (): void => {};
  const owner = {
    changed() {
      wake();
    },
    exhausted: (code: string) => assert.fail(code),
  };
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { watch: new DirectoryWatch(owner, threads), next };
}

suite('a watched directory', () => {
  for (const [what, change] of [
    ['a file is written to', (path: string) => writeFileSync(path, 'newer')],
    [
      'a file is replaced by renaming',
      (path: string) => {
        writeFileSync(directory.join('elsewhere'), 'newer');
        renameSync(directory.join('elsewhere'), path);
      },
    ],
    ['a file is removed', (path: string) => rmSync(path)],
    ['a file comes', (path: string) => writeFileSync(`${path}.gz`, 'new')],
  ] as const) {
    test(`tells when ${what}`, async () => {
      const path = directory.write('watched/file.txt', 'old');
      const { watch, next } = watching();
      watch.add(directory.join('watched'));
      const told = next();
      change(path);
      await told;
      watch.close();
    });
  }

  test('tells again, when it has been removed and made anew, once it is added', async () => {
    const path = directory.join('again');
    mkdirSync(path);
    const { watch, next } = watching();
    watch.add(path);
    let told = next();
    rmSync(path, { recursive: true });
    await told;
    mkdirSync(path);
    // What the old one had still to say may come before.
    for (let turns = 0; turns < 20; turns++) await nextTurn();
    watch.add(path);
    told = next();
    writeFileSync(`${path}/file`, '');
    await told;
    watch.close();
  });

  test('that does not exist, or that may be too many, fails nobody', () => {
    const { watch } = watching(1000);
    watch.add(directory.join('nothing'));
    for (let i = 0; i < 20; i++) {
      mkdirSync(directory.join(`many-${i}`));
      watch.add(directory.join(`many-${i}`));
    }
    watch.close();
  });
});

test('a file that is trusted is looked at anew as soon as its directory has changed', async () => {
  const path = directory.write('site/page.txt', 'old');
  const memory = fileMemory({ watch: true });
  const handler = createStaticHandler(staticOptions(directory.join('site')), { files: memory });
  assert.equal((await ask(handler, '/page.txt')).text, 'old');
  writeFileSync(path, 'newer');
  // As if no time had passed since it was looked at: it would be trusted for ever.
  const atOnce = { after: -3_600_000 };
  while ((await ask(handler, '/page.txt', atOnce)).text === 'old') await nextTurn();
  assert.equal((await ask(handler, '/page.txt', atOnce)).text, 'newer');
  memory.close();
  assert.ok(handler(exchangeFor('/page.txt', atOnce)));
});
