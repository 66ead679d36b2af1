import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { after, describe, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openBelow } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { type Opened, realPathOfSameFile, SiteRoot } from './site-root.ts';

const directory = temporaryDirectory();
after(() => directory.remove());
const site = directory.join('site');
directory.write('outside/secret.txt', 'secret');
directory.write('site/a.txt', 'a');
directory.write('site/deep/b.txt', 'b');
directory.write('site-beside/c.txt', 'c');

/** What opening comes to, at once or not, with the descriptors closed again. */
async function opening(root: SiteRoot, name: string): Promise<string> {
  const outcome = outcomeOf(root.openNow(name));
  assert.equal(outcomeOf(await root.open(name)), outcome);
  return outcome;
}

function outcomeOf(opened: Opened): string {
  if (typeof opened === 'string') return opened;
  closeSync(opened.fd);
  return 'file';
}

describe('symbolic links', () => {
  symlinkSync('a.txt', directory.join('site', 'inside.txt'));
  symlinkSync('deep', directory.join('site', 'inside'));
  symlinkSync('../outside/secret.txt', directory.join('site', 'outside.txt'));
  symlinkSync('../outside', directory.join('site', 'outside'));
  symlinkSync('../site-beside', directory.join('site', 'beside'));
  symlinkSync('../site/a.txt', directory.join('site', 'out-and-back.txt'));
  symlinkSync('loop', directory.join('site', 'loop'));
  symlinkSync('nowhere', directory.join('site', 'dangling'));

  for (const [name, withinRoot, deny, follow] of [
    ['/a.txt', 'file', 'file', 'file'],
    ['/deep/b.txt', 'file', 'file', 'file'],
    ['/deep', 'directory', 'directory', 'directory'],
    ['/deep/', 'directory', 'directory', 'directory'],
    ['/', 'directory', 'directory', 'directory'],
    ['/inside.txt', 'file', 'absent', 'file'],
    ['/inside', 'directory', 'absent', 'directory'],
    ['/inside/b.txt', 'file', 'absent', 'file'],
    ['/out-and-back.txt', 'file', 'absent', 'file'],
    ['/outside.txt', 'absent', 'absent', 'file'],
    ['/outside', 'absent', 'absent', 'directory'],
    ['/outside/', 'absent', 'absent', 'directory'],
    ['/outside/secret.txt', 'absent', 'absent', 'file'],
    ['/outside/missing.txt', 'absent', 'absent', 'absent'],
    ['/beside/c.txt', 'absent', 'absent', 'file'],
    ['/loop', 'absent', 'absent', 'absent'],
    ['/dangling', 'absent', 'absent', 'absent'],
  ] as const) {
    test(`${name}: within-root ${withinRoot}, deny ${deny}, follow ${follow}`, async () => {
      assert.equal(await opening(new SiteRoot(site, 'within-root'), name), withinRoot);
      assert.equal(await opening(new SiteRoot(site, 'deny'), name), deny);
      assert.equal(await opening(new SiteRoot(site, 'follow'), name), follow);
    });
  }

  test('the root itself may be one, and may change: the next release is served', async () => {
    const current = directory.join('current');
    directory.write('releases/1/a.txt', '1');
    directory.write('releases/2/a.txt', '2');
    symlinkSync('releases/1', current);
    for (const policy of ['within-root', 'deny'] as const) {
      const root = new SiteRoot(current, policy);
      assert.equal(await opening(root, '/a.txt'), 'file');
      symlinkSync('releases/2', directory.join('next'));
      renameSync(directory.join('next'), current);
      assert.equal(await opening(root, '/a.txt'), 'file');
    }
  });
});

suite('what is no regular file is never opened', () => {
  test('a FIFO', async () => {
    execFileSync('mkfifo', [directory.join('site', 'fifo')]);
    assert.equal(await opening(new SiteRoot(site, 'follow'), '/fifo'), 'absent');
  });

  test('a socket', async () => {
    const server = createServer().listen(directory.join('site', 'socket'));
    await once(server, 'listening');
    assert.equal(await opening(new SiteRoot(site, 'follow'), '/socket'), 'absent');
    server.close();
    await once(server, 'close');
  });

  test('a device', async () => {
    const root = new SiteRoot('/dev', 'follow');
    for (const name of ['/null', '/zero', '/tty']) assert.equal(await opening(root, name), 'absent');
  });
});

suite('refused by the system', () => {
  test('a file that may not be read is forbidden', async () => {
    chmodSync(directory.write('site/unreadable.txt', 'x'), 0);
    const root = new SiteRoot(site, 'within-root');
    const uid = process.geteuid?.();
    // Permissions do not bind the superuser, so for once we are someone else. The way there must be open to them.
    if (uid === 0) chmodSync(directory.path, 0o755);
    try {
      if (uid === 0) process.seteuid?.(65_534);
      assert.equal(await opening(root, '/unreadable.txt'), 'request.forbidden');
      assert.equal(await opening(root, '/a.txt'), 'file');
    } finally {
      if (uid === 0) process.seteuid?.(uid);
    }
  });

  test('a name that is too long, or goes through a file, is absent', async () => {
    const root = new SiteRoot(site, 'within-root');
    assert.equal(await opening(root, `/${'x'.repeat(256)}`), 'absent');
    assert.equal(await opening(root, `/${'x/'.repeat(3000)}`), 'absent');
    assert.equal(await opening(root, '/a.txt/b'), 'absent');
    assert.equal(await opening(root, '/a.txt/'), 'absent');
  });
});

suite('between looking and opening', () => {
  for (const [what, place] of [
    ['a link that leads out', (path: string) => symlinkSync('../outside/secret.txt', path)],
    ['a FIFO', (path: string) => linkSync(directory.join('site', 'fifo-kept'), path)],
    ['a directory', (path: string) => mkdirSync(path)],
  ] as const) {
    test(`${what} may take the place of the file and gains nothing`, async () => {
      rmSync(directory.join('site', 'fifo-kept'), { force: true });
      execFileSync('mkfifo', [directory.join('site', 'fifo-kept')]);
      const path = directory.join('site', 'swapped');
      const root = new SiteRoot(site, 'within-root');
      const outcomes = new Set<string>();
      for (let round = 0; round < 200; round++) {
        rmSync(path, { recursive: true, force: true });
        writeFileSync(path, 'innocent');
        const { ino } = statSync(path);
        const opened = root.open('/swapped');
        // A different number of turns each time, so that some swaps fall between the two calls.
        for (let turns = round % 4; turns > 0; turns--) await nextTurn();
        rmSync(path);
        place(path);
        const result = await opened;
        outcomes.add(typeof result === 'string' ? result : 'file');
        if (typeof result === 'string') continue;
        closeSync(result.fd);
        assert.equal(result.stats.ino, ino, 'another file was opened');
      }
      assert.ok(outcomes.size > 0);
      assert.deepEqual(openBelow(directory.path), []);
    });
  }
});

test('where the system does not tell where a descriptor lies, the path must lead to the same file', () => {
  const path = directory.join('site', 'a.txt');
  assert.equal(realPathOfSameFile(directory.join('site', 'inside.txt'), statSync(path)), path);
  assert.equal(realPathOfSameFile(directory.join('site', 'outside.txt'), statSync(path)), undefined);
});
