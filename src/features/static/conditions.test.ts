import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import {
  ask,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
  settleFiles,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import { createStaticHandler } from './handler.ts';

const OLD = 'Sat, 01 Jan 2000 00:00:00 GMT';
const DIGITS = '0123456789';
/** Too large to keep in memory, so that every part of it is read from the disk. */
const LARGE = Buffer.alloc(2 * 2 ** 20, DIGITS);

const directory = temporaryDirectory();
directory.write('digits.txt', DIGITS);
directory.write('large.txt', LARGE);
directory.write('empty.txt', '');
after(() => directory.remove());

// As if all of this had happened long ago: what has just been written has weak tags while it is large.
settleFiles();

const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });

for (const [path, content] of [
  ['/digits.txt', Buffer.from(DIGITS)],
  ['/large.txt', LARGE],
] as const) {
  const last = content.length - 1;

  suite(`${path}: preconditions`, async () => {
    const known = await ask(handler, path, { method: 'HEAD' });
    const etag = known.field('ETag') ?? '';
    const date = known.field('Last-Modified') ?? '';
    for (const [fields, status] of [
      [[], 200],
      [[`If-None-Match: ${etag}`], 304],
      [[`If-None-Match: W/${etag}`], 304],
      [[`If-None-Match: "no", ${etag}`], 304],
      [['If-None-Match: *'], 304],
      [['If-None-Match: "no"'], 200],
      [[`If-Modified-Since: ${date}`], 304],
      [[`If-Modified-Since: ${OLD}`], 200],
      [['If-Modified-Since: nonsense'], 200],
      [['If-None-Match: "no"', `If-Modified-Since: ${date}`], 200],
      [[`If-Match: ${etag}`], 200],
      [['If-Match: *'], 200],
      [['If-Match: "no"'], 412],
      [[`If-Match: W/${etag}`], 412],
      [[`If-Unmodified-Since: ${date}`], 200],
      [[`If-Unmodified-Since: ${OLD}`], 412],
      [[`If-Match: ${etag}`, `If-Unmodified-Since: ${OLD}`], 200],
      [['If-Match: "no"', `If-None-Match: ${etag}`], 412],
      [[`If-Match: ${etag}`, `If-None-Match: ${etag}`], 304],
      // Preconditions come before ranges.
      [[`If-None-Match: ${etag}`, 'Range: bytes=0-1'], 304],
      [['If-Match: "no"', 'Range: bytes=0-1'], 412],
      [['If-Match: *', 'Range: bytes=0-1'], 206],
    ] as const) {
      test(`${fields.join(' ') || 'none'}: ${status}`, async () => {
        const answer = await ask(handler, path, { fields });
        assert.equal(answer.status, status);
        if (status === 304) {
          assert.equal(answer.response.body, null);
          assert.deepEqual([...answer.response.headers], [['ETag', etag]]);
        }
        if (status === 412) assert.equal(answer.error, 'request.precondition-failed');
        if (status === 200) assert.ok(answer.body.equals(content));
      });
    }

    test('a 304 is given at once, and is the same each time', () => {
      const give = (): unknown => handler(exchangeFor(path, { fields: [`If-None-Match: ${etag}`] }));
      const response = give();
      assert.ok(response instanceof Response);
      assert.equal(response.reusable, true);
      assert.equal(response, give());
    });
  });

  suite(`${path}: ranges`, async () => {
    const known = await ask(handler, path, { method: 'HEAD' });
    const etag = known.field('ETag') ?? '';
    const date = known.field('Last-Modified') ?? '';
    for (const [range, from, to] of [
      ['bytes=0-4', 0, 4],
      ['bytes=3-3', 3, 3],
      ['bytes=7-', 7, last],
      ['bytes=-2', last - 1, last],
      [`bytes=-${content.length + 5}`, 0, last],
      ['bytes=5-99999999', 5, last],
      ['bytes=0-1,', 0, 1],
      // What remains of several is one.
      ['bytes=0-1,3-4', 0, 4],
      ['bytes=3-4,0-1', 0, 4],
      ['bytes=0-4,2-6', 0, 6],
      ['bytes=0-4,99999999-', 0, 4],
      ['bytes=0-,0-,0-,0-', 0, last],
    ] as const) {
      test(range, async () => {
        const answer = await ask(handler, path, { fields: [`Range: ${range}`] });
        assert.equal(answer.status, 206);
        assert.equal(answer.field('Content-Range'), `bytes ${from}-${to}/${content.length}`);
        assert.equal(answer.response.body?.length, to - from + 1);
        assert.ok(answer.body.equals(content.subarray(from, to + 1)));
        for (const name of ['ETag', 'Last-Modified', 'Content-Type', 'Accept-Ranges']) {
          assert.equal(answer.field(name), known.field(name));
        }
      });
    }

    for (const range of [
      `bytes=${content.length}-`,
      'bytes=99999999-',
      'bytes=-0',
      'bytes=99999998-,99999999-',
    ]) {
      test(`${range} cannot be satisfied`, async () => {
        const answer = await ask(handler, path, { fields: [`Range: ${range}`] });
        assert.equal(answer.status, 416);
        assert.equal(answer.field('Content-Range'), `bytes */${content.length}`);
        assert.equal(answer.error, 'request.range-not-satisfiable');
      });
    }

    for (const fields of [
      ['Range: bytes=4-2'],
      ['Range: lines=0-4'],
      ['Range: bytes 0-4'],
      ['Range: bytes=0-1,3-4,4-3'],
      ['Range: bytes=0-1', 'Range: bytes=3-4'],
      ['Range: bytes=0-1', `If-Range: ${etag}`, 'If-Range: "no"'],
      ['Range: bytes=0-1', 'If-Range: "no"'],
      ['Range: bytes=0-1', `If-Range: W/${etag}`],
      ['Range: bytes=0-1', `If-Range: ${OLD}`],
    ]) {
      test(`${fields.join(' ')} gives the whole`, async () => {
        const answer = await ask(handler, path, { fields });
        assert.equal(answer.status, 200);
        assert.equal(answer.field('Content-Range'), undefined);
        assert.ok(answer.body.equals(content));
      });
    }

    test('If-Range with the tag or the date gives the part', async () => {
      for (const validator of [etag, date]) {
        const answer = await ask(handler, path, { fields: ['Range: bytes=0-1', `If-Range: ${validator}`] });
        assert.equal(answer.status, 206);
        // Who sends a validator has what describes the file (RFC 9110 §15.3.7).
        assert.equal(answer.field('Last-Modified'), undefined);
        for (const name of ['ETag', 'Content-Type']) assert.equal(answer.field(name), known.field(name));
      }
    });

    test('HEAD knows no ranges (RFC 9110 §14.2)', async () => {
      const answer = await ask(handler, path, { method: 'HEAD', fields: ['Range: bytes=0-1'] });
      assert.equal(answer.status, 200);
    });

    test('no descriptor stays', () => assert.deepEqual(openBelow(directory.path), []));
  });
}

test('ranges of an empty file are ignored (RFC 9110 §14.2)', async () => {
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-5', 'bytes=-0', 'bytes=0-0,5-']) {
    const answer = await ask(handler, '/empty.txt', { fields: [`Range: ${range}`] });
    assert.equal(answer.status, 200);
    assert.equal(answer.field('Content-Range'), undefined);
  }
});
