/** Where compiled code is kept: nowhere that somebody else could put code of his own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/support/temp.ts';
import { codeCacheDirectory } from './code-cache.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const usual = process.env['XDG_CACHE_HOME'];

let caches: TemporaryDirectory;
beforeEach(() => {
  caches = temporaryDirectory();
  process.env['XDG_CACHE_HOME'] = caches.path;
});
afterEach(() => {
  if (usual === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = usual;
  caches.remove();
});

describe('compiled code', () => {
  it('is kept in a directory that is closed to others', () => {
    assert.equal(codeCacheDirectory(), caches.join('dreamserver'));
    assert.equal(lstatSync(caches.join('dreamserver')).mode & 0o777, 0o700);
    assert.equal(codeCacheDirectory(), caches.join('dreamserver'));
  });

  it('is not kept in one to which others may write', () => {
    mkdirSync(caches.join('dreamserver'));
    chmodSync(caches.join('dreamserver'), 0o777);
    assert.equal(codeCacheDirectory(), undefined);
  });

  it(
    'is not kept in one of somebody else',
    { skip: process.getuid?.() === 0 ? false : 'only root can give it away' },
    () => {
      mkdirSync(caches.join('dreamserver'), { mode: 0o700 });
      chownSync(caches.join('dreamserver'), 1000, 1000);
      assert.equal(codeCacheDirectory(), undefined);
    },
  );

  it('is not kept where others could put a directory of theirs in its place', () => {
    chmodSync(caches.path, 0o777);
    assert.equal(codeCacheDirectory(), undefined);
    chmodSync(caches.path, 0o1777);
    assert.equal(codeCacheDirectory(), caches.join('dreamserver'));
  });

  it('is kept in the usual place where a variable is there and says nothing', () => {
    process.env['XDG_CACHE_HOME'] = '';
    assert.notEqual(codeCacheDirectory(), '/dreamserver');
    using here = temporaryDirectory();
    const env = { ...process.env, XDG_CACHE_HOME: caches.path, NODE_COMPILE_CACHE: '' };
    execFileSync(process.execPath, [MAIN, '--version'], { env, cwd: here.path });
    assert.deepEqual(readdirSync(here.path), []);
    assert.notDeepEqual(readdirSync(caches.join('dreamserver')), []);
  });

  it('is not kept behind a link', () => {
    mkdirSync(caches.join('elsewhere'), { mode: 0o700 });
    symlinkSync(caches.join('elsewhere'), caches.join('dreamserver'));
    assert.equal(codeCacheDirectory(), undefined);
  });

  it('is not kept where no directory can be made, or nobody says clearly where', () => {
    for (const elsewhere of ['/proc/nowhere', 'here']) {
      process.env['XDG_CACHE_HOME'] = elsewhere;
      assert.equal(codeCacheDirectory(), undefined);
    }
  });

  it('is in no directory that all programs share', () => {
    using shared = temporaryDirectory();
    const env = { ...process.env, TMPDIR: shared.path, NODE_COMPILE_CACHE: undefined };
    execFileSync(process.execPath, [MAIN, '--version'], { env });
    assert.deepEqual(readdirSync(shared.path), []);
    assert.notDeepEqual(readdirSync(caches.join('dreamserver')), []);
  });
});
