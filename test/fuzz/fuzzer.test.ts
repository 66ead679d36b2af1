import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { visible } from '../differential/reading.ts';
import { readCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { generate } from './generate.ts';
import { mutate } from './mutate.ts';
import { cutByChance } from './pieces.ts';
import { Random } from './random.ts';

describe('the fuzzer', () => {
  test('finds nothing in so many inputs from a fixed seed', async () => {
    const fuzzer = new Fuzzer(9112);
    await fuzzer.begin(readCorpus());
    while (fuzzer.executions < 6000) {
      const found = await fuzzer.step();
      if (found === undefined) continue;
      const { finding, input } = found;
      assert.fail(`${finding.oracle}: ${finding.message}\n${input.kind} ${visible(input.bytes)}`);
    }
    assert.ok(fuzzer.news.length > 0, 'and comes to what the corpus does not');
  });

  test('makes the same inputs from the same seed', () => {
    const inputs = (seed: number): string[] => {
      const random = new Random(seed);
      const made: Buffer[] = [];
      for (let i = 0; i < 50; i++) made.push(mutate(random, generate(random, 'request'), made));
      return made.map(visible);
    };
    assert.deepEqual(inputs(1), inputs(1));
    assert.notDeepEqual(inputs(1), inputs(2));
  });

  test('cuts bytes into pieces that are those bytes', () => {
    const random = new Random(3);
    for (let length = 1; length < 500; length++) {
      const bytes = Buffer.alloc(length, 'ab\r\n');
      const place = random.below(length);
      const pieces = cutByChance(random, bytes, [place]);
      assert.deepEqual(Buffer.concat(pieces), bytes);
      const ends = new Set(pieces.map((_, i) => Buffer.concat(pieces.slice(0, i)).length));
      assert.ok(ends.has(place), 'also where it has to');
    }
  });
});
