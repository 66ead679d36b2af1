import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from './header-list.ts';
import { addVary } from './vary.ts';

describe('Accept-Encoding added to', () => {
  for (const [before, after] of [
    [[], ['Accept-Encoding']],
    [['Accept'], ['Accept, Accept-Encoding']],
    [['Accept', 'Origin'], ['Accept, Origin, Accept-Encoding']],
    [['accept-encoding'], ['accept-encoding']],
    [['Accept, ACCEPT-ENCODING'], ['Accept, ACCEPT-ENCODING']],
    [['*'], ['*']],
    [[''], ['Accept-Encoding']],
  ] as const) {
    test(JSON.stringify(before), () => {
      const headers = HeaderList.of(...before.flatMap((value) => ['Vary', value]));
      assert.deepEqual(addVary(headers, 'Accept-Encoding').getAll('vary'), after);
    });
  }
});
