import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listMembers, trimBlanks } from './list-members.ts';

describe('the members of a list (RFC 9110 §5.6.1)', () => {
  it('stand between commas, in lower case, without the white space around them', () => {
    assert.deepEqual(listMembers('close'), ['close']);
    assert.deepEqual(listMembers('Close,\t X-Own ,keep-alive'), ['close', 'x-own', 'keep-alive']);
    assert.deepEqual(listMembers('two words , a'), ['two words', 'a']);
  });

  it('are none where there is nothing between commas', () => {
    for (const value of ['', ' ', ',', ' , ,\t', ',,'])
      assert.deepEqual(listMembers(value), [], JSON.stringify(value));
    assert.deepEqual(listMembers(',a,,b,'), ['a', 'b']);
  });

  it('keep every other byte: a no-break space is no white space here', () => {
    assert.deepEqual(listMembers('\xa0a,b\xa0'), ['\xa0a', 'b\xa0']);
  });

  it('are found in time that grows with the text, not with its square', () => {
    const time = (length: number): number => {
      const text = `a${' '.repeat(length)}b,`.repeat(2);
      const start = performance.now();
      assert.equal(listMembers(text).length, 2);
      return performance.now() - start;
    };
    time(100_000);
    // A square would take minutes.
    assert.ok(time(1_000_000) < 2000);
  });
});

describe('a text without the white space around it (RFC 9110 §5.6.3)', () => {
  it('has lost spaces and tabs at both ends, and nothing else', () => {
    assert.equal(trimBlanks(' \t a b\t'), 'a b');
    assert.equal(trimBlanks('a'), 'a');
    assert.equal(trimBlanks(' \t '), '');
    assert.equal(trimBlanks('\xa0a\x0b'), '\xa0a\x0b');
  });
});
