import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Tap } from '../../../test/support/tap.ts';
import { DreamError } from '../../core/errors.ts';
import type { BodySink } from '../../http/body.ts';
import { ByteBudget, CopiedBody } from './copied-body.ts';

/** Who the body is for; it takes every piece. */
class Reader implements BodySink {
  text = '';
  ending = '';

  data(chunk: Buffer): boolean {
    this.text += chunk.toString();
    return true;
  }

  end(): void {
    this.ending = 'end';
  }

  fail(error: DreamError): void {
    this.ending = error.code;
  }
}

interface Setup {
  readonly length?: number;
  readonly longest?: number;
  readonly budget?: ByteBudget;
}

/** A body that is being copied, and what came of the copy. */
function copying({ length, longest = 100_000, budget = new ByteBudget(100_000) }: Setup = {}) {
  const tap = new Tap(length);
  const reader = new Reader();
  const outcomes: string[] = [];
  const taken: number[] = [];
  const body = new CopiedBody(tap, longest, budget, {
    copied: (bytes, bytesTaken) => {
      outcomes.push(bytes.toString());
      taken.push(bytesTaken);
    },
    tooMuch: (limit) => outcomes.push(`too much: ${limit}`),
  });
  body.flow(reader);
  return { tap, reader, body, budget, outcomes, taken };
}

describe('a body that is copied', () => {
  it('passes as it comes, and its copy is there when it has passed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 9000 }), { maxLength: 12 }),
        fc.boolean(),
        async (pieces, told) => {
          const text = pieces.join('');
          const { tap, reader, budget, outcomes, taken } = copying({
            ...(told ? { length: text.length } : {}),
            budget: new ByteBudget(1e6),
          });
          let passed = '';
          for (const piece of pieces) {
            await tap.push(piece);
            passed += piece;
            assert.equal(reader.text, passed);
            assert.deepEqual(outcomes, []);
          }
          tap.sink?.end();
          assert.equal(reader.ending, 'end');
          assert.deepEqual(outcomes, [text]);
          // What is taken of the budget goes with the copy: it is whoever has that who gives it back.
          assert.equal(budget.held, taken[0]);
          assert.ok(told ? budget.held === text.length : budget.held >= text.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  for (const [limit, setup] of [
    ['maxBody', { longest: 9 }],
    ['memory', { budget: new ByteBudget(9) }],
  ] as const) {
    it(`passes whole where ${limit} allows no copy of it, which is told once`, async () => {
      const { tap, reader, budget, outcomes } = copying({ length: 15, ...setup });
      for (const piece of ['first', '-and-', '-last']) await tap.push(piece);
      tap.sink?.end();
      assert.deepEqual([reader.text, reader.ending], ['first-and--last', 'end']);
      assert.deepEqual(outcomes, [`too much: ${limit}`]);
      assert.equal(budget.held, 0);
    });
  }

  it('of just as much as is allowed has one', async () => {
    const { tap, outcomes } = copying({ longest: 9, budget: new ByteBudget(9) });
    for (const piece of ['first', 'last']) await tap.push(piece);
    tap.sink?.end();
    assert.deepEqual(outcomes, ['firstlast']);
  });

  it('has no copy where it breaks off, or nobody wants the rest', async () => {
    for (const leave of ['fail', 'cancel'] as const) {
      const { tap, reader, body, budget, outcomes } = copying();
      await tap.push('half');
      assert.ok(budget.held > 0);
      if (leave === 'fail') tap.sink?.fail(new DreamError('client.gone'));
      else body.cancel();
      body.cancel();
      await tap.cancelled;
      assert.equal(reader.ending, leave === 'fail' ? 'client.gone' : '');
      assert.deepEqual(outcomes, []);
      assert.equal(budget.held, 0);
    }
  });
});
