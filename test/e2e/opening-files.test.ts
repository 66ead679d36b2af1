/**
 * Threats: somebody who may write below the root swaps a file for a link that leads out of it while it is asked for; a
 * name stands for something that blocks who opens it, never ends, or has effects of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { exchange } from '../support/raw-connection.ts';
import { CANARY, temporarySite } from '../support/site.ts';

const SWAPPER = fileURLToPath(new URL('../support/swapper-main.ts', import.meta.url));

const serve = (root: string, symlinks: string): Promise<DreamServer> =>
  startDreamServer({ routes: [{ files: { root, symlinks } }], workers: 1 });

suite('a file that is swapped for a link while it is asked for', () => {
  /** Too large for the memory, so that each answer opens it. */
  const SIZE = 17 * 2 ** 20;
  const TARGETS = ['/swapped.bin', '/swapped/canary.txt', '/swapped/site-secret/canary.txt'];
  const WANTED = 200;
  const MOST = 200_000;

  for (const symlinks of ['within-root', 'deny']) {
    test(`never gets the canary, symlinks: ${symlinks}`, async (context) => {
      using site = temporarySite();
      for (const target of TARGETS) truncateSync(site.write(target.slice(1), 'innocent'), SIZE);
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await serve(site.root, symlinks));
      const swapper = new Child('swapper', process.execPath, [SWAPPER, site.root]);
      stack.defer(async () => void (await swapper.stop('SIGKILL')));
      await swapper.untilOutput('it swaps', () => swapper.stdout.includes('swapping'));
      const seen = new Map([
        [206, 0],
        [404, 0],
        // It has changed at each of several attempts.
        [500, 0],
      ]);
      const isEnough = (): boolean => [206, 404].every((status) => (seen.get(status) ?? 0) >= WANTED);
      const work = async (target: string): Promise<void> => {
        for (let asked = 0; asked < MOST && !isEnough(); asked++) {
          const { status, body } = await exchange(server.port, get(target, 'Range: bytes=0-99'));
          assert.ok(!body.includes(CANARY.slice(0, 20)), `canary served for ${target}`);
          const count = seen.get(status);
          assert.ok(count !== undefined, `${status} for ${target}`);
          seen.set(status, count + 1);
        }
      };
      await Promise.all([...TARGETS, ...TARGETS].map(work));
      context.diagnostic([...seen].map(([status, count]) => `${count} times ${status}`).join(', '));
      assert.ok(isEnough(), 'it was seen in both states');
    });
  }
});

suite('what is no regular file', () => {
  for (const symlinks of ['within-root', 'follow']) {
    test(`is not found and not opened, symlinks: ${symlinks}`, async () => {
      using site = temporarySite();
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await serve(site.root, symlinks));
      const at = (name: string): string => join(site.root, name);
      execFileSync('mkfifo', [at('fifo'), at('docs/index.htm')]);
      const socket = createServer().listen(at('socket'));
      await once(socket, 'listening');
      stack.defer(() => void socket.close());
      for (const device of ['null', 'zero', 'tty', 'random', 'stdin', 'fd/0']) {
        symlinkSync(`/dev/${device}`, at(device.replace('/', '-')));
      }
      symlinkSync('fifo', at('fifo-link'));
      symlinkSync('/dev', at('devices'));

      const targets = ['fifo', 'fifo-link', 'socket', 'null', 'zero', 'tty', 'random', 'stdin', 'fd-0'];
      for (const target of [...targets, 'devices/zero', 'devices/fd/0', 'docs/index.htm', 'fifo/']) {
        for (const request of [
          get(`/${target}`),
          head(`HEAD /${target} HTTP/1.1`, 'Host: localhost'),
          get(`/${target}`, 'Range: bytes=0-9'),
        ]) {
          const response = await exchange(server.port, request);
          assert.equal(response.status, 404, request);
          // Were it open for reading there, it could be opened for writing without waiting.
          assert.throws(() => openSync(at('fifo'), constants.O_WRONLY | constants.O_NONBLOCK), {
            code: 'ENXIO',
          });
        }
      }
      assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
    });
  }
});
