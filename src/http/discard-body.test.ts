import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tap } from '../../test/support/tap.ts';
import { within } from '../../test/support/until.ts';
import { DreamError } from '../core/errors.ts';
import { discardBody } from './discard-body.ts';

describe('a body that nobody wants', () => {
  it('is read to its end when it is small, so that its connection can be used again', async () => {
    const tap = new Tap();
    let cancelled = false;
    tap.cancel = () => {
      cancelled = true;
    };
    discardBody(tap);
    await tap.push('x'.repeat(64 * 1024));
    tap.sink?.end();
    assert.equal(cancelled, false);
  });

  it('is given up when it is large', async () => {
    const tap = new Tap();
    discardBody(tap);
    await tap.push('x'.repeat(64 * 1024 + 1));
    await within(10_000, 'cancelled', tap.cancelled);
  });

  it('may fail', () => {
    const tap = new Tap();
    discardBody(tap);
    tap.sink?.fail(new DreamError('upstream.reset'));
  });
});
