import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  OwnTemporaryFiles,
  skipFileLimit,
  skipOpenFiles,
  withFileLimit,
} from '../../../test/support/own-temporary-files.ts';
import { parseFields } from '../../../test/support/parse-fields.ts';
import { Tap } from '../../../test/support/tap.ts';
import { until, within } from '../../../test/support/until.ts';
import { DreamError, systemCodeOf } from '../../core/errors.ts';
import { readAll, type BodySink, type BodySource } from '../../http/body.ts';
import { collectBody } from './collect-body.ts';

const KIB = 1024;

const files = OwnTemporaryFiles.perFile();
let tap: Tap;
/** The collected body, or the failure: its code, and the system's. */
let outcome: Promise<BodySource | string>;

beforeEach(() => {
  tap = new Tap();
  const { promise, resolve } = Promise.withResolvers<BodySource | string>();
  outcome = within(10_000, 'the body is collected', promise);
  const failed = (error: DreamError) => resolve([error.code, systemCodeOf(error)].filter(Boolean).join(' '));
  collectBody(tap, { collected: resolve, failed });
});
afterEach(async () => {
  if (skipOpenFiles === false) await files.untilNoneOpen();
  await untilNameless();
});

/** Waits until no temporary file has a name: it loses it as soon as it is open. */
const untilNameless = (): Promise<boolean> =>
  until(() => files.named === 0, { what: 'no file has a name', every: 2 });

async function collected(): Promise<BodySource> {
  const body = await outcome;
  if (typeof body === 'string') assert.fail(body);
  return body;
}

const text = (body: BodySource): Promise<string> => readAll(body, 1 << 26).then(String);

describe('a body collected before it is sent on', () => {
  it('has its length; a small one stays in memory', async () => {
    await tap.push('hello, ');
    await tap.push('world');
    tap.sink?.end();
    const body = await collected();
    assert.equal(body.length, 12);
    assert.equal(files.open, 0);
    assert.equal(await text(body), 'hello, world');
  });

  it('may be empty', async () => {
    tap.sink?.end();
    const body = await collected();
    assert.equal(body.length, 0);
    assert.equal(await text(body), '');
  });

  it('stays in memory up to 64 KiB', async () => {
    await tap.push('a'.repeat(64 * KIB));
    tap.sink?.end();
    const body = await collected();
    assert.equal(files.open, 0);
    assert.equal((await text(body)).length, 64 * KIB);
  });

  it('keeps its trailers', async () => {
    tap.trailers = parseFields('Digest: x');
    tap.sink?.end();
    assert.equal((await collected()).trailers?.get('digest'), 'x');
  });

  it('fails as it failed', async () => {
    await tap.push('hello');
    tap.sink?.fail(new DreamError('http1.body.incomplete'));
    assert.equal(await outcome, 'http1.body.incomplete');
  });
});

describe('a body too large for memory', { skip: skipOpenFiles }, () => {
  const piece = (letter: string): string => letter.repeat(40 * KIB);

  async function fill(letters: string): Promise<string> {
    for (const letter of letters) await tap.push(piece(letter));
    return letters.replaceAll(/./g, piece);
  }

  it('goes into a file without a name, piece by piece, and comes back out of it', async () => {
    const sent = await fill('abc');
    assert.equal(files.open, 1);
    await untilNameless();
    const more = await fill('defghijk');
    await tap.push('end');
    tap.sink?.end();
    const body = await collected();
    assert.equal(body.length, sent.length + more.length + 3);
    assert.equal(await text(body), `${sent}${more}end`);
  });

  it('waits while it is written: the sender pauses', async () => {
    await fill('a');
    let goesOn = false;
    const pushed = tap.push(piece('b')).then(() => {
      goesOn = true;
    });
    await Promise.resolve();
    assert.equal(goesOn, false);
    await within(10_000, 'the sender goes on', pushed);
    assert.equal(files.open, 1);
    tap.sink?.end();
    assert.equal((await text(await collected())).length, 80 * KIB);
  });

  it('is complete also where its end comes while it is written', async () => {
    await fill('a');
    tap.sink?.data(Buffer.from(piece('b')));
    tap.sink?.end();
    assert.equal(await text(await collected()), piece('a') + piece('b'));
  });

  it('is read as fast as it is taken', async () => {
    const sent = await fill('abcdef');
    tap.sink?.end();
    const body = await collected();
    let received = '';
    const { promise, resolve } = Promise.withResolvers<void>();
    const sink: BodySink = {
      data(chunk) {
        received += chunk.toString();
        // Nothing more until this has been seen to be so.
        setImmediate(() => body.resume());
        return false;
      },
      end: resolve,
      fail: () => assert.fail('failed'),
    };
    body.flow(sink);
    await within(10_000, 'the end', promise);
    assert.equal(received, sent);
  });

  it('leaves no file behind when its sender fails, at any moment', async () => {
    await fill('ab');
    assert.equal(files.open, 1);
    tap.sink?.fail(new DreamError('client.gone'));
    assert.equal(await outcome, 'client.gone');
  });

  it('leaves no file behind when its sender fails while the file is opened', async () => {
    await fill('a');
    tap.sink?.data(Buffer.from(piece('b')));
    tap.sink?.fail(new DreamError('client.gone'));
    assert.equal(await outcome, 'client.gone');
  });

  it('leaves no file behind when nobody wants it, before and while it is read', async () => {
    await fill('ab');
    tap.sink?.end();
    (await collected()).cancel();
    await files.untilNoneOpen();

    const second = new Tap();
    const { promise, resolve } = Promise.withResolvers<BodySource>();
    collectBody(second, { collected: resolve, failed: () => assert.fail('failed') });
    await second.push(piece('a'));
    await second.push(piece('b'));
    second.sink?.end();
    const body = await promise;
    body.flow({ data: () => assert.fail('cancelled'), end: () => {}, fail: () => {} });
    body.cancel();
    body.cancel();
  });

  it('fails where no file can be made', async () => {
    files.refuse();
    await fill('a');
    tap.sink?.data(Buffer.from(piece('b')));
    assert.equal(await outcome, 'proxy.body-store-failed ENOENT');
    await within(10_000, 'the rest is not wanted', tap.cancelled);
  });

  it('fails where the file cannot grow, and leaves none behind', { skip: skipFileLimit }, async () => {
    await withFileLimit(100 * KIB, async () => {
      await fill('ab');
      tap.sink?.data(Buffer.from(piece('c')));
      assert.equal(await outcome, 'proxy.body-store-failed EFBIG');
    });
  });
});
