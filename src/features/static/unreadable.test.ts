/** Files that are there but cannot be read: what the log says of the reason, and that it is over when the reason is. */
import assert from 'node:assert/strict';
import fs, { mkdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, describe, it, mock } from 'node:test';
import { skipFileLimit, withoutDescriptors } from '../../../test/support/own-temporary-files.ts';
import {
  ask,
  exchangeFor,
  fileMemory,
  settleFiles,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../test/support/temp.ts';
import { mediaTypeOf } from '../../http/media-type.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const OUT = { status: 500, error: 'static.unreadable', cause: 'EMFILE' };

let directory: TemporaryDirectory;
settleFiles();
before(async () => {
  directory = temporaryDirectory();
  directory.write('small.txt', 'small');
  directory.write('page.html', 'page');
  directory.write('page.html.br', 'coded');
  directory.write('large.bin', Buffer.alloc(3 * 2 ** 20));
  mkdirSync(directory.join('listed'));
  directory.write('listed/a.txt', 'a');
  await mediaTypeOf('a.txt');
});
after(() => directory.remove());

const handlerOf = (options: Partial<StaticOptions> = {}): Handler =>
  createStaticHandler(staticOptions(directory.path, options), { files: fileMemory() });

async function outcome(handler: Handler, path: string, ...fields: string[]): Promise<unknown> {
  const { status, error, response } = await ask(handler, path, { fields });
  return { status, error, cause: response.cause };
}

describe('without a descriptor', { skip: skipFileLimit }, () => {
  for (const [what, path, options] of [
    ['a small file', '/small.txt', {}],
    ['a large file', '/large.bin', {}],
    ['a listing', '/listed/', { listing: true }],
    ['a page by its clean URL', '/page', { cleanUrls: true }],
  ] as const) {
    it(`${what} cannot be read, and the answer says why for the log; later it can`, async () => {
      const handler = handlerOf(options);
      await withoutDescriptors(async () => {
        assert.deepEqual(await outcome(handler, path), OUT);
        assert.deepEqual(await outcome(handler, path, 'Accept: text/html'), OUT);
      });
      assert.equal((await ask(handler, path)).status, 200);
    });
  }

  it('a large file that was known cannot be read either', async () => {
    const handler = handlerOf();
    assert.equal((await ask(handler, '/large.bin', { method: 'HEAD' })).status, 200);
    await withoutDescriptors(async () => {
      assert.deepEqual(await outcome(handler, '/large.bin'), OUT);
      // The second time it is to be kept, too.
      assert.deepEqual(await outcome(handler, '/large.bin'), OUT);
    });
    assert.equal((await ask(handler, '/large.bin')).body.length, 3 * 2 ** 20);
  });

  it('what is in memory is answered, a file whose coded form cannot be read as it is', async () => {
    const handler = handlerOf({ precompressed: ['br'] });
    assert.equal((await ask(handler, '/page.html')).text, 'page');
    await withoutDescriptors(async () => {
      assert.equal((await ask(handler, '/page.html', { fields: ['Accept-Encoding: br'] })).text, 'page');
    });
  });
});

it('what could not be read leaves its room to others', async () => {
  const handler = createStaticHandler(staticOptions(directory.path), {
    files: fileMemory({ size: 2 ** 20 }),
  });
  mock.method(fs, 'readSync', () => {
    throw Object.assign(new Error('a bad sector'), { code: 'EIO' });
  });
  syncBuiltinESMExports();
  for (let i = 0; i < 20; i++) {
    directory.write(`${i}.bin`, Buffer.alloc(100_000));
    assert.deepEqual(await outcome(handler, `/${i}.bin`), { ...OUT, cause: 'EIO' });
  }
  mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal((await ask(handler, '/0.bin')).body.length, 100_000);
  assert.ok(handler(exchangeFor('/0.bin', { after: -FRESH_MS })) instanceof Response, 'it is in memory');
});
