import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DreamError } from '../core/errors.ts';
import { emptyBody, readAll } from './body.ts';
import type { BodySource } from './body.ts';

/** A body that pushes these pieces out of one buffer, which it uses again for each, as a connection does. */
function lending(
  pieces: readonly string[],
  end: 'end' | DreamError = 'end',
): BodySource & { cancelled: boolean } {
  const buffer = Buffer.alloc(64);
  return {
    length: undefined,
    trailers: undefined,
    cancelled: false,
    flow(sink) {
      for (const piece of pieces) {
        if (this.cancelled) return;
        sink.data(buffer.subarray(0, buffer.write(piece)));
      }
      if (this.cancelled) return;
      if (end === 'end') sink.end();
      else sink.fail(end);
    },
    resume: () => {},
    cancel() {
      this.cancelled = true;
    },
  };
}

describe('a body read into memory', () => {
  it('is all its pieces, copied: they are only lent', async () => {
    assert.equal((await readAll(lending(['one', 'two', 'three']), 11)).toString(), 'onetwothree');
    assert.equal((await readAll(emptyBody, 0)).length, 0);
  });

  it('past its limit is cancelled', async () => {
    const body = lending(['one', 'two']);
    await assert.rejects(readAll(body, 5), { code: 'http1.body.too-large' });
    assert.equal(body.cancelled, true);
  });

  it('that fails is the failure', async () => {
    await assert.rejects(readAll(lending(['one'], new DreamError('client.gone')), 9), {
      code: 'client.gone',
    });
  });
});
