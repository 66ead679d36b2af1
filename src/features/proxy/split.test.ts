import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { requestOrigin } from '../../../test/support/balancer-contract.ts';
import { byteSize, duration } from '../../config/units.ts';
import { proxySchema } from './schema.ts';
import type { SplitOptions } from './split-schema.ts';
import { createSplit, type Choice } from './split.ts';

const proxy = proxySchema({ byteSize, duration });

/** What is chosen by a `split` as a user writes it; targets stand for themselves. */
function splitOf(...entries: readonly object[]): Choice<string> {
  const { split } = proxy.parse({ to: 'app', split: entries });
  return createSplit(split as SplitOptions, 'app', (name) => name);
}

const ask = (choose: Choice<string>, ...lines: string[]): string =>
  choose(requestOrigin('/', '192.0.2.1', ...lines));

const weighted = (weights: readonly number[], by?: string): Choice<string> =>
  splitOf(...weights.map((weight, i) => ({ to: `canary-${i}`, weight: `${weight}%`, by })));

/** Percentages, with a decimal, that are 100 at the most together. */
const percentages = fc
  .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 4 })
  .map((tenths) => {
    const scale = Math.max(1, tenths.reduce((a, b) => a + b) / 1000);
    return tenths.map((each) => Math.floor(each / scale) / 10);
  });

describe('requests by what they say', () => {
  const choose = splitOf(
    { to: 'both', header: { 'X-Canary': '1' }, cookie: { beta: 'yes' } },
    { to: 'field', header: { 'x-canary': '1' } },
    { to: 'cookie', cookie: { beta: 'yes', group: 'b' } },
  );

  it('go to the first whose fields and cookies they have all', () => {
    assert.equal(ask(choose, 'X-Canary: 1', 'Cookie: beta=yes'), 'both');
    assert.equal(ask(choose, 'x-canary: 1', 'Cookie: beta=no'), 'field');
    assert.equal(ask(choose, 'Cookie: group=b; beta=yes'), 'cookie');
  });

  it('go to the route itself where they lack one, or have another value', () => {
    for (const lines of [
      [],
      ['X-Canary: 10'],
      ['X-Canary:'],
      ['X-Canary: 1', 'X-Canary: 2'],
      ['Cookie: beta=yes'],
      ['Cookie: Beta=yes; group=b'],
      ['X-Other: X-Canary: 1'],
    ]) {
      assert.equal(ask(choose, ...lines), 'app', lines.join());
    }
  });

  it('go there wherever the entry stands, and take no part in the weights', () => {
    const mixed = splitOf({ to: 'canary', weight: '50%' }, { to: 'app', cookie: { canary: 'never' } });
    assert.deepEqual(
      new Set(Array.from({ length: 50 }, () => ask(mixed, 'Cookie: canary=never'))),
      new Set(['app']),
    );
    const others = Array.from({ length: 10 }, () => ask(mixed));
    assert.equal(others.filter((name) => name === 'canary').length, 5);
  });

  it('take values that YAML reads as numbers or truth values for what is written', () => {
    const typed = splitOf({ to: 'canary', header: { 'x-a': 1, 'x-b': true } });
    assert.equal(ask(typed, 'X-A: 1', 'X-B: true'), 'canary');
  });
});

describe('requests by weight', () => {
  it('are shared out exactly, whenever one counts', () => {
    fc.assert(
      fc.property(percentages, fc.integer({ min: 1, max: 3000 }), (weights, requests) => {
        const choose = weighted(weights);
        const got = Array.from({ length: requests }, () => ask(choose));
        for (const [i, weight] of weights.entries()) {
          const count = got.filter((name) => name === `canary-${i}`).length;
          // A turn may be due to every one of them at the same time.
          assert.ok(Math.abs(count - (requests * weight) / 100) <= weights.length, `${count} at ${weight}%`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('of 5% are one in each twenty, and not the very first', () => {
    const choose = weighted([5]);
    const got = Array.from({ length: 60 }, (_, i) => ({ i, name: ask(choose) }));
    const places = got.filter(({ name }) => name === 'canary-0').map(({ i }) => i);
    assert.deepEqual(
      places.map((place) => Math.floor(place / 20)),
      [0, 1, 2],
    );
    assert.notEqual(places[0], 0);
  });

  it('of 0% are none, of 100% all', () => {
    const ends = [weighted([0]), weighted([100])].map((choose) =>
      Array.from({ length: 30 }, () => ask(choose)),
    );
    assert.deepEqual(
      ends.map((names) => [...new Set(names)]),
      [['app'], ['canary-0']],
    );
  });
});

describe('clients that stay on their side', () => {
  const clients = Array.from({ length: 20_000 }, (_, n) =>
    requestOrigin('/', `10.${n >>> 14}.${(n >>> 7) & 127}.${n & 127}`, `X-User: u${n}`, `Cookie: user=${n}`),
  );
  const sides = (weights: readonly number[], by: string): string[] => clients.map(weighted(weights, by));

  for (const by of ['client-ip', 'header:X-User', 'cookie:user']) {
    it(`by ${by} are as many as the weights say`, () => {
      const got = sides([5, 20], by);
      for (const [name, share] of [
        ['canary-0', 0.05],
        ['canary-1', 0.2],
        ['app', 0.75],
      ] as const) {
        const found = got.filter((side) => side === name).length / clients.length;
        assert.ok(Math.abs(found - share) < 0.01, `${name} ${found}`);
      }
    });
  }

  it('are where they were when they come again, to any worker and any route', () => {
    assert.deepEqual(sides([5], 'client-ip'), sides([5], 'client-ip'));
  });

  it('only move to the canary when its weight grows, and only back when it shrinks', () => {
    const weight = fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10);
    fc.assert(
      fc.property(weight, weight, (a, b) => {
        const before = sides([Math.min(a, b)], 'client-ip');
        const after = sides([Math.max(a, b)], 'client-ip');
        assert.deepEqual(
          before.filter((side, i) => side === 'canary-0' && after[i] !== 'canary-0'),
          [],
        );
      }),
      { numRuns: 30 },
    );
  });

  it("are never sent back to the route's own while weights grow, however many there are", () => {
    fc.assert(
      fc.property(percentages, fc.nat(), (weights, seed) => {
        const place = seed % weights.length;
        const rest = 100 - weights.reduce((a, b) => a + b);
        const grown = weights.with(place, Math.floor((weights[place] + Math.max(0, rest)) * 10) / 10);
        const before = sides(weights, 'client-ip');
        const after = sides(grown, 'client-ip');
        for (const [i, side] of before.entries()) {
          if (side === after[i]) continue;
          assert.notEqual(after[i], 'app');
          // Those before it on the line have lost nobody, and gained nobody.
          assert.ok(Number(after[i].slice('canary-'.length)) >= place, `${side} → ${after[i]}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are the route's own where there is nothing to know them by", () => {
    const choose = weighted([99], 'cookie:user');
    assert.deepEqual(new Set(Array.from({ length: 50 }, () => ask(choose))), new Set(['app']));
  });
});
