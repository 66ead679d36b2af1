/** What a client sends in a million pieces is held in the memory of a few: what cannot be passed on yet waits in the client. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CountingOwner } from '../../test/support/counting-owner.ts';

const MILLION = 1_000_000;
/** Elements that one piece holds; a million of them are made of the same bytes. */
const PER_PIECE = 10_000;
/** Bytes that may be in use in the second half and were not in the first. */
const SLACK = 1 << 20;

/** Bytes that are in use once everything is collected that can be. */
function used(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Hand over a million elements, and look now and then at what they cost. */
function assertBounded(owner: CountingOwner, element: string, each: () => void = () => {}): void {
  const piece = Buffer.from(element.repeat(PER_PIECE), 'latin1');
  // The least that is seen: what was let go of is not always collected at once.
  const least = [Infinity, Infinity];
  for (let sent = 0; sent < MILLION; sent += PER_PIECE) {
    owner.transport.receive(piece);
    each();
    const half = sent < MILLION / 2 ? 0 : 1;
    if (sent % (MILLION / 10) === 0) least[half] = Math.min(least[half], used());
  }
  assert.ok(least[1] - least[0] < SLACK, `${least[1] - least[0]} bytes more`);
}

const CHUNKED = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
const LAST = Buffer.from('0\r\n\r\n');

describe('a million', () => {
  it('tiny chunks are handed on a read at a time, and nothing of them is kept', () => {
    const owner = new CountingOwner();
    owner.transport.receive(CHUNKED);
    assertBounded(owner, '1\r\nx\r\n');
    owner.transport.receive(LAST);
    assert.equal(owner.bytes, MILLION);
    assert.ok(owner.pieces <= (2 * MILLION) / PER_PIECE, `${owner.pieces} pieces`);
    assert.equal(owner.answered, 1);
    owner.transport.destroy();
  });

  it('tiny chunks wait in the client while their reader has no room', () => {
    const owner = new CountingOwner();
    owner.hasRoom = false;
    owner.transport.receive(CHUNKED);
    let waited = 0;
    assertBounded(owner, '1\r\nx\r\n', () => {
      if (owner.transport.paused) waited++;
      while (owner.transport.paused) owner.resume();
    });
    assert.equal(waited, MILLION / PER_PIECE);
    owner.transport.receive(LAST);
    assert.equal(owner.bytes, MILLION);
    owner.transport.destroy();
  });

  it('pipelined requests are answered and forgotten', () => {
    const owner = new CountingOwner();
    assertBounded(owner, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(owner.answered, MILLION);
    owner.transport.destroy();
  });

  it('empty lines before a request are passed over', () => {
    const owner = new CountingOwner();
    assertBounded(owner, '\r\n');
    assert.equal(owner.requests, 0);
    assert.equal(owner.transport.state, 'open');
    owner.transport.destroy();
  });
});

describe('what nobody takes', () => {
  it('is a body whose reader has no room: no more of it is read', () => {
    const owner = new CountingOwner();
    owner.hasRoom = false;
    owner.transport.receive(CHUNKED);
    owner.transport.receive(Buffer.from('1\r\nx\r\n'.repeat(PER_PIECE), 'latin1'));
    owner.transport.receive(LAST);
    assert.ok(owner.transport.paused, 'the client has to wait');
    assert.deepEqual([owner.pieces, owner.answered], [1, 0]);
    owner.transport.destroy();
  });

  it('are answers: the requests behind them are not begun', () => {
    const owner = new CountingOwner();
    owner.transport.receive(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10), 'latin1'));
    assert.equal(owner.requests, 10);
    // The system has not taken the last answer yet.
    owner.transport.pending = 1;
    owner.transport.receive(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(PER_PIECE), 'latin1'));
    assert.ok(owner.requests <= 10, `${owner.requests} are begun`);
    assert.ok(owner.transport.paused, 'the client has to wait');
    owner.transport.destroy();
  });
});
