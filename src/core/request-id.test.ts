import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newRequestId, writeRequestId } from './request-id.ts';

describe('a request id', () => {
  // The first: none has been made yet.
  it('is written over bytes also where it is none of ours', () => {
    const bytes = Buffer.alloc(4, '.');
    for (const id of ['', 'id']) writeRequestId(bytes, id, 1);
    assert.equal(bytes.toString('latin1'), '.id.');
  });

  it('is a UUID of version 4, and no two are the same', () => {
    const ids = Array.from({ length: 10_000 }, newRequestId);
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    assert.equal(new Set(ids).size, ids.length);
  });

  it('takes every value at every place that is not the version', () => {
    const ids = Array.from({ length: 5000 }, newRequestId);
    const sizes = Array.from({ length: 36 }, (_, at) => new Set(ids.map((id) => id[at])).size);
    const expected = sizes.map((_, at) =>
      at === 14 || [8, 13, 18, 23].includes(at) ? 1 : at === 19 ? 4 : 16,
    );
    assert.deepEqual(sizes, expected);
  });

  it('is written over bytes, the latest and any other', () => {
    let before = 'of somebody else';
    for (let i = 0; i < 1000; i++) {
      const id = newRequestId();
      for (const each of [id, before, `${id.slice(0, 35)}!`, '']) {
        const bytes = Buffer.alloc(40, '.');
        writeRequestId(bytes, each, 2);
        assert.equal(bytes.toString('latin1'), `..${each}`.padEnd(40, '.'));
      }
      before = id;
    }
  });
});
