import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { visible } from '../differential/reading.ts';
import { readCorpus } from './corpus.ts';
import { examine } from './input.ts';

describe('an input of the corpus keeps to every rule of the fuzzer', () => {
  for (const input of readCorpus()) {
    test(input.name, async () => {
      const examined = await examine(input);
      if (!('finding' in examined)) return;
      const { oracle, message } = examined.finding;
      assert.fail(`${oracle}: ${message}\n${visible(input.bytes)}`);
    });
  }
});
