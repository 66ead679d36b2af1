import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Tap } from '../../test/support/tap.ts';
import { transportPair, type TransportPair } from '../../test/support/transport-pair.ts';
import { within } from '../../test/support/until.ts';
import { DreamError } from '../core/errors.ts';
import { MessageWriter } from './message-writer.ts';

let pair: TransportPair;
let writer: MessageWriter;
/** What the writer said of its messages: `bytes`, the error if there was one, `unbegun`, and the system's word for the reason. */
let written: string[];

beforeEach(async () => {
  pair = await transportPair();
  written = [];
  writer = new MessageWriter(pair.transport, 10_000, 0, {
    written: (bytes, error, unbegun, cause) =>
      written.push([String(bytes), error ?? 'whole', unbegun && 'unbegun', cause].filter(Boolean).join(' ')),
  });
});
afterEach(() => {
  writer.release();
  pair[Symbol.dispose]();
});

/** What has arrived at the other side, once it ends with this. */
const received = (end: string): Promise<string> => pair.client.untilText(end);

describe('messages', () => {
  it('gather until they are flushed, and leave together', async () => {
    const lengths: number[] = [];
    pair.client.socket.on('data', ({ length }) => lengths.push(length));
    writer.send('head1 ', 'whole', Buffer.from('body1 '));
    writer.send('head2 ', 'none', null);
    writer.sendText('head3 body3.', 6);
    assert.deepEqual(written, ['6 whole', '0 whole', '6 whole']);
    assert.equal(pair.client.bytesReceived, 0);
    writer.flush();
    assert.equal(await received('.'), 'head1 body1 head2 head3 body3.');
    assert.equal(lengths.length, 1);
  });

  it('do not gather beyond a bound', async () => {
    for (let count = 0; count < 100; count++) {
      assert.equal(writer.hasRoom(), true);
      writer.send('', 'whole', Buffer.alloc(1000, 'x'));
    }
    await pair.client.untilUnread(64 * 1024);
  });

  it('with a large body leave at once, the head in front of it', async () => {
    writer.send('small.', 'none', null);
    writer.send('head:', 'whole', Buffer.alloc(20_000, 'x'));
    assert.equal(await received('x'.repeat(20_000)), `small.head:${'x'.repeat(20_000)}`);
  });

  it('let an interim one through at once', async () => {
    writer.sendInterim('HTTP/1.1 100 Continue\r\n\r\n');
    await received('\r\n\r\n');
  });
});

describe('a body that comes', () => {
  it('in chunks has the size in front of each, and an empty one at its end alone', async () => {
    const tap = new Tap();
    writer.send('head:', 'chunked', tap);
    await tap.push('hello');
    await tap.push('');
    await tap.push('x'.repeat(10_000));
    tap.sink?.end();
    assert.equal(
      await received('0\r\n\r\n'),
      `head:5\r\nhello\r\n2710\r\n${'x'.repeat(10_000)}\r\n0\r\n\r\n`,
    );
    assert.deepEqual(written, ['10005 whole']);
  });

  it('with a length, or until the connection ends, is nothing but itself', async () => {
    for (const mode of ['counted', 'until-close'] as const) {
      const tap = new Tap(5);
      writer.send('head:', mode, tap);
      await tap.push('hel');
      await tap.push('lo');
      tap.sink?.end();
    }
    assert.equal(await received('hellohead:hello'), 'head:hellohead:hello');
    assert.deepEqual(written, ['5 whole', '5 whole']);
  });

  it('is cancelled where the message cannot have one', async () => {
    const tap = new Tap(5);
    writer.send('head:', 'none', tap);
    await within(10_000, 'cancelled', tap.cancelled);
    assert.deepEqual(written, ['0 whole']);
  });

  it('that fails breaks the message off: the one in front of it still leaves', async () => {
    writer.send('before.', 'none', null);
    const tap = new Tap(5);
    writer.send('head:', 'counted', tap);
    tap.sink?.fail(new DreamError('upstream.reset'));
    assert.deepEqual(written, ['0 whole', '0 upstream.reset unbegun']);
    writer.flush();
    assert.equal(await received('.'), 'before.');
  });

  it('that fails after a part has left breaks the message off in the middle', async () => {
    const tap = new Tap(5);
    writer.send('head:', 'counted', tap);
    writer.flush();
    await tap.push('hel');
    tap.sink?.fail(new DreamError('upstream.reset'));
    assert.deepEqual(written, ['3 upstream.reset']);
  });

  it('that the system makes fail says what the system calls it', async () => {
    const tap = new Tap(5);
    writer.send('head:', 'counted', tap);
    writer.flush();
    await tap.push('hel');
    const cause = Object.assign(new Error('a bad sector'), { code: 'EIO' });
    tap.sink?.fail(new DreamError('static.unreadable', undefined, { cause }));
    assert.deepEqual(written, ['3 static.unreadable EIO']);
  });

  it('that is longer or shorter than was said is a failure of ours', async () => {
    const long = new Tap(3);
    writer.send('head:', 'counted', long);
    writer.flush();
    long.sink?.data(Buffer.from('long'));
    await within(10_000, 'cancelled', long.cancelled);
    const short = new Tap(3);
    writer.send('head:', 'counted', short);
    writer.flush();
    short.sink?.end();
    assert.deepEqual(written, ['0 internal.failure', '0 internal.failure']);
  });

  it('waits while the other side does not read, and is over when that has taken it', async () => {
    pair.client.socket.pause();
    pair.events.drained = () => writer.drained();
    const tap = new Tap();
    const piece = Buffer.alloc(1 << 20, 'x');
    writer.send('', 'until-close', tap);
    let sent = 0;
    for (let taken = true; taken; sent += piece.length) taken = tap.sink?.data(piece) ?? false;
    tap.sink?.end();
    assert.equal(writer.idle, false);
    assert.equal(writer.hasRoom(), false);
    pair.client.socket.resume();
    await pair.client.untilUnread(sent);
    assert.equal(writer.idle, true);
    assert.deepEqual(written, [`${sent} whole`]);
  });
});
