import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingInput } from './pending-input.ts';

const content = ({ buffer, start, end }: PendingInput): string => buffer.toString('latin1', start, end);

function append(pending: PendingInput, text: string): void {
  const bytes = Buffer.from(`${text}and more`);
  pending.append(bytes, text.length);
  bytes.fill('-');
}

describe('input that waits', () => {
  it('is a copy of what was left of a lent buffer', () => {
    const pending = new PendingInput();
    const lent = Buffer.from('used rest unread');
    pending.keep(lent, 5, 9);
    lent.fill('-');
    assert.equal(content(pending), 'rest');
    assert.equal(pending.length, 4);
  });

  it('has behind it what comes later', () => {
    const pending = new PendingInput();
    append(pending, 'one ');
    append(pending, 'two ');
    append(pending, 'x'.repeat(5000));
    assert.equal(content(pending), `one two ${'x'.repeat(5000)}`);
  });

  it('is used from its front', () => {
    const pending = new PendingInput();
    append(pending, 'one two');
    pending.keep(pending.buffer, pending.start + 4, pending.end);
    append(pending, ' three');
    assert.equal(content(pending), 'two three');
    pending.keep(pending.buffer, pending.end, pending.end);
    assert.equal(pending.length, 0);
  });

  it('stays as it is where it has been handed out, whatever comes behind it', () => {
    const pending = new PendingInput();
    append(pending, 'a'.repeat(1000));
    const handedOut = pending.buffer.subarray(pending.start, pending.start + 900);
    pending.keep(pending.buffer, pending.start + 900, pending.end);
    for (let turn = 0; turn < 20; turn++) append(pending, 'b'.repeat(1000));
    assert.equal(handedOut.toString(), 'a'.repeat(900));
    assert.equal(content(pending), 'a'.repeat(100) + 'b'.repeat(20_000));
    pending.clear();
    append(pending, 'c'.repeat(2000));
    assert.equal(handedOut.toString(), 'a'.repeat(900));
  });

  it('holds no memory when there is none', () => {
    const pending = new PendingInput();
    append(pending, 'x'.repeat(5000));
    pending.clear();
    assert.equal(pending.buffer.length, 0);
    append(pending, 'x');
    pending.keep(pending.buffer, pending.end, pending.end);
    assert.equal(pending.buffer.length, 0);
  });
});
