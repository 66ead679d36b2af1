import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Response } from '../http/response.ts';
import { PendingResponse } from './pending-response.ts';

describe('an answer that is still to come', () => {
  it('calls back on the spot, when it comes', () => {
    const pending = new PendingResponse();
    const answer = new Response(204);
    let got: Response | undefined;
    pending.whenSettled({ settled: (response) => void (got = response) });
    assert.equal(got, undefined);
    pending.settle(answer);
    assert.equal(got, answer);
  });

  it('calls back at once where it is here already', () => {
    const pending = new PendingResponse();
    const answer = new Response(204);
    pending.settle(answer);
    let got: Response | undefined;
    pending.whenSettled({ settled: (response) => void (got = response) });
    assert.equal(got, answer);
  });

  it('can be awaited, as a promise can', async () => {
    const pending = new PendingResponse();
    const status = pending.then((response) => response.status);
    pending.settle(new Response(204));
    assert.equal(await status, 204);
    const early = new PendingResponse();
    early.settle(new Response(201));
    assert.equal((await early).status, 201);
  });

  it('hands on what goes wrong behind it', async () => {
    const pending = new PendingResponse();
    const failing = pending.then(() => {
      throw new Error('behind');
    });
    pending.settle(new Response(204));
    await assert.rejects(failing, /behind/);
  });
});
