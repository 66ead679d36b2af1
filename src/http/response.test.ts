import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from './header-list.ts';
import { Response } from './response.ts';

describe('a response', () => {
  it('is changed by making another of it', () => {
    const body = Buffer.from('hello');
    const response = new Response(404, HeaderList.of('A', '1'), body, {
      error: 'request.not-found',
      reason: 'Gone Fishing',
    });
    const other = response.derive((headers) => headers.set('a', '2').append('B', '3'));
    assert.deepEqual([...response.headers], [['A', '1']]);
    assert.deepEqual(
      [...other.headers],
      [
        ['a', '2'],
        ['B', '3'],
      ],
    );
    const { status, error, reason } = other;
    assert.deepEqual(
      { status, error, reason },
      { status: 404, error: 'request.not-found', reason: 'Gone Fishing' },
    );
    assert.equal(other.body, body);
  });

  it('derived from one that is sent many times is serialised anew', () => {
    const response = new Response(200, undefined, null, { reusable: true });
    response.serialised = 'text';
    const other = response.derive(() => {});
    assert.equal(other.serialised, undefined);
    assert.equal(other.reusable, false);
  });

  it('has headers of its own by default', () => {
    new Response(200).headers.append('A', '1');
    assert.deepEqual([...new Response(200).headers], []);
  });
});
