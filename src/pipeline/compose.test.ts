import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchangeOf } from '../../test/support/exchange.ts';
import { get } from '../../test/support/message.ts';
import { DreamError } from '../core/errors.ts';
import { Response } from '../http/response.ts';
import { changeAnswer, compose, type Feature } from './compose.ts';
import type { Handler } from './handler.ts';
import { PendingResponse } from './pending-response.ts';

const ok: Handler = () => new Response(200);

/** A feature that leaves its mark in the answer. */
const marking =
  (mark: string): Feature =>
  (next) =>
  (exchange) =>
    changeAnswer(next, exchange, (answer) => answer.derive((fields) => fields.append('X-Mark', mark)));

const marks = (response: Response): string[] => response.headers.getAll('x-mark');

describe('a composed handler', () => {
  it('is the end itself where there is no feature', () => {
    assert.equal(compose([], ok), ok);
  });

  it('has the first feature outermost', () => {
    const handler = compose([marking('outer'), marking('inner')], ok);
    assert.deepEqual(marks(handler(exchangeOf(get('/'))) as Response), ['inner', 'outer']);
  });

  it('knows CONNECT where its end does', () => {
    assert.equal(compose([marking('a')], ok).connects, undefined);
    assert.equal(
      compose([marking('a')], Object.assign(ok.bind(undefined), { connects: true })).connects,
      true,
    );
  });
});

describe('an answer that is changed', () => {
  it('comes in the way in which it was given: at once, or later without a promise', async () => {
    const feature = marking('x');
    const pending = new PendingResponse();
    const changed = feature(() => pending)(exchangeOf(get('/')));
    assert.ok(changed instanceof PendingResponse);
    const settled: Response[] = [];
    changed.whenSettled({ settled: (response) => settled.push(response) });
    assert.equal(settled.length, 0);
    pending.settle(new Response(201));
    assert.deepEqual(
      settled.map((response) => [response.status, marks(response)]),
      [[201, ['x']]],
    );

    const promised = await feature(() => Promise.resolve(new Response(202)))(exchangeOf(get('/')));
    assert.deepEqual([promised.status, marks(promised)], [202, ['x']]);
  });

  it('may be that to an error of the catalogue, which the next handler has thrown', async () => {
    const feature = marking('x');
    const throws: Handler = () => {
      throw new DreamError('request.forbidden');
    };
    const thrown = feature(throws)(exchangeOf(get('/'))) as Response;
    assert.deepEqual([thrown.status, thrown.error, marks(thrown)], [403, 'request.forbidden', ['x']]);
    const rejects: Handler = () => Promise.reject(new DreamError('request.not-found'));
    const rejected = await feature(rejects)(exchangeOf(get('/')));
    assert.deepEqual([rejected.status, marks(rejected)], [404, ['x']]);
  });

  it('is none where nobody foresaw what was thrown', async () => {
    const feature = marking('x');
    const throws: Handler = () => {
      throw new TypeError('a defect');
    };
    assert.throws(() => feature(throws)(exchangeOf(get('/'))), TypeError);
    const rejects: Handler = () => Promise.reject(new TypeError('a defect'));
    await assert.rejects(async () => feature(rejects)(exchangeOf(get('/'))), TypeError);
  });
});
