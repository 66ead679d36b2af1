/**
 * What is opened by a name lies elsewhere, or the root does, by the time it is looked where: a release is deployed, a file is
 * replaced. That is no reason to call it absent. Threat: whoever may write in the root does the same to have a file opened
 * that lies outside, and vetted as one that does not.
 */
import assert from 'node:assert/strict';
import fs, { closeSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { after, afterEach, mock, suite, test } from 'node:test';
import { openBelow } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { SiteRoot } from './site-root.ts';

const directory = temporaryDirectory();
after(() => directory.remove());
const current = directory.join('current');
const site = directory.join('site');
for (const release of ['1', '2']) {
  directory.write(`releases/${release}/page.txt`, `release ${release}`);
  directory.write(`releases/${release}/deep/b.txt`, 'b');
}
directory.write('outside/page.txt', 'secret');

afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
  assert.deepEqual(openBelow(directory.path), [], 'a descriptor was left open');
});

/** Put a link in the place of whatever lies at `path`, as a deployment does. */
function link(target: string, path: string): void {
  symlinkSync(target, `${path}-next`);
  renameSync(`${path}-next`, path);
}

function replace(path: string, text: string): void {
  directory.write('next', text);
  renameSync(directory.join('next'), path);
}

/** Called before a path is resolved, the root's or that of something in it. */
function beforeResolving(happens: (path: string) => void): void {
  const native = realpathSync.native as (path: string) => string;
  mock.method(realpathSync, 'native', (path: string) => {
    happens(path);
    return native(path);
  });
}

/** Called before the system is asked where an open file lies: at the moment between opening and vetting. */
function beforeVetting(happens: () => void): void {
  const readlink = fs.readlinkSync;
  mock.method(fs, 'readlinkSync', (path: string) => {
    happens();
    return readlink(path);
  });
  syncBuiltinESMExports();
}

/** Opens a file in one of the ways, and answers with its text, or with what else came of it. */
type Open = (root: SiteRoot, name: string) => Promise<string>;

function outcomeOf(opened: ReturnType<SiteRoot['openNow']>): string {
  if (typeof opened === 'string') return opened;
  try {
    return readFileSync(opened.fd, 'utf8');
  } finally {
    closeSync(opened.fd);
  }
}

const ways: Record<string, Open> = {
  'at once': async (root, name) => outcomeOf(root.openNow(name)),
  elsewhere: async (root, name) => outcomeOf(await root.open(name)),
};

async function openedDirectory(root: SiteRoot, name: string): Promise<string> {
  const opened = await root.openDirectory(name);
  if (typeof opened === 'string') return opened;
  closeSync(opened.fd);
  return 'directory';
}

for (const [way, open] of Object.entries(ways)) {
  for (const symlinks of ['within-root', 'deny'] as const) {
    suite(`a file that is opened ${way}, links: ${symlinks}`, () => {
      test('is there while the root moves on between opening it and looking where it lies', async () => {
        link('releases/2', current);
        const root = new SiteRoot(current, symlinks);
        link('releases/1', current);
        let moves = 0;
        beforeResolving((path) => {
          if (path === current && moves++ === 0) link('releases/2', current);
        });
        assert.equal(await open(root, '/page.txt'), 'release 2');
      });

      test('is there while the root moves to and fro whenever it is resolved', async () => {
        link('releases/2', current);
        const root = new SiteRoot(current, symlinks);
        link('releases/1', current);
        let moves = 0;
        beforeResolving((path) => {
          if (path === current) link(`releases/${2 - (moves++ % 2)}`, current);
        });
        assert.match(await open(root, '/page.txt'), /^release [12]$/);
        assert.equal(await open(root, '/deep'), 'directory');
        assert.ok(moves > 0);
      });

      test('is not there when it is a link that leads out, also where the root moves', async () => {
        for (const release of ['1', '2']) link('../../outside', directory.join('releases', release, 'out'));
        link('releases/2', current);
        const root = new SiteRoot(current, symlinks);
        let moves = 0;
        beforeResolving((path) => {
          if (path === current) link(`releases/${1 + (moves++ % 2)}`, current);
        });
        assert.equal(await open(root, '/out/page.txt'), 'absent');
        assert.equal(await open(root, '/out'), 'absent');
      });

      test('is never one outside that a link led to, whatever takes the place of that', async () => {
        const path = directory.write('site/page.txt', 'innocent');
        const root = new SiteRoot(site, symlinks);
        link('../outside/page.txt', path);
        let swaps = 0;
        beforeVetting(() => {
          if (swaps++ === 0) replace(path, 'innocent');
        });
        assert.equal(await open(root, '/page.txt'), process.platform === 'linux' ? 'innocent' : 'absent');
      });
    });
  }

  suite(`a file that is opened ${way}, no links are followed`, { skip: process.platform !== 'linux' }, () => {
    test('is there when another takes its name between opening it and looking where it lies', async () => {
      const path = directory.write('site/page.txt', 'old');
      const root = new SiteRoot(site, 'deny');
      let swaps = 0;
      beforeVetting(() => {
        if (swaps++ === 0) replace(path, 'new');
      });
      assert.equal(await open(root, '/page.txt'), 'new');
    });

    test('is one that changes when that happens each time', async () => {
      const path = directory.write('site/page.txt', 'old');
      const root = new SiteRoot(site, 'deny');
      let swaps = 0;
      beforeVetting(() => replace(path, `${++swaps}`));
      assert.equal(await open(root, '/page.txt'), 'static.file-changed');
      assert.equal(swaps, 3);
    });

    test('is absent when it is removed', async () => {
      const path = directory.write('site/page.txt', 'old');
      const root = new SiteRoot(site, 'deny');
      beforeVetting(() => rmSync(path, { force: true }));
      assert.equal(await open(root, '/page.txt'), 'absent');
    });

    test('is absent when a link takes its place', async () => {
      const path = directory.write('site/page.txt', 'old');
      directory.write('site/other.txt', 'other');
      const root = new SiteRoot(site, 'deny');
      beforeVetting(() => link('other.txt', path));
      assert.equal(await open(root, '/page.txt'), 'absent');
    });
  });
}

suite('a directory that is opened to be read', () => {
  for (const symlinks of ['within-root', 'deny'] as const) {
    test(`is there while the root moves, links: ${symlinks}`, async () => {
      link('releases/2', current);
      const root = new SiteRoot(current, symlinks);
      link('releases/1', current);
      let moves = 0;
      beforeResolving((path) => {
        if (path === current) link(`releases/${2 - (moves++ % 2)}`, current);
      });
      assert.equal(await openedDirectory(root, '/deep/'), 'directory');
      assert.ok(moves > 0);
    });

    test(`is not there when it lies outside, links: ${symlinks}`, async () => {
      directory.write('site/page.txt', '');
      link('../outside', directory.join('site', 'out'));
      assert.equal(await openedDirectory(new SiteRoot(site, symlinks), '/out/'), 'absent');
    });
  }
});
