import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { CARRIERS, transportPair } from '../../test/support/transport-pair.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import type { Transport } from './transport.ts';

/** Write until the system takes no more; answers how many bytes were written. */
function fill(transport: Transport): number {
  const piece = Buffer.alloc(1 << 20, 'x');
  let written = 0;
  for (let taken = true; taken; written += piece.length) taken = transport.write(piece);
  return written;
}

for (const carrier of CARRIERS) {
  describe(`an accepted connection that is carried by a ${carrier}`, () => {
    describe('a reset', () => {
      it('comes to its end also where an orderly end has just been said', async () => {
        using pair = await transportPair(carrier);
        pair.transport.write('hello');
        pair.transport.end();
        pair.transport.reset();
        await pair.events.until('closed');
      });
    });

    describe('an accepted connection', () => {
      it('knows its peer, and what that has connected to', async () => {
        using pair = await transportPair(carrier);
        const { address, port, secure, destination } = pair.transport.peer;
        const { localPort, remotePort } = pair.client.socket;
        assert.deepEqual([address, port, secure], ['127.0.0.1', localPort, false]);
        assert.deepEqual(destination, { address: '127.0.0.1', port: remotePort });
      });

      it('hands on what comes, in the buffer that all connections of the thread share', async () => {
        using pair = await transportPair(carrier);
        const buffers: Buffer[] = [];
        pair.events.onData = (bytes) => buffers.push(bytes);
        await pair.client.send('one');
        await pair.events.until('data one');
        assert.deepEqual(buffers, [sharedReadBuffer]);
      });

      it('sends strings as one byte a character, and bytes as they are', async () => {
        using pair = await transportPair(carrier);
        assert.equal(pair.transport.write('caf\xe9 '), true);
        assert.equal(pair.transport.write(Buffer.from([0, 255, 10])), true);
        assert.equal(pair.transport.writeBoth('head ', Buffer.from('body'), ' tail'), true);
        assert.equal(pair.transport.writeBoth('', Buffer.from('!'), ''), true);
        await pair.client.untilText('!');
        assert.equal(pair.client.unread.toString('latin1'), 'caf\xe9 \x00\xff\nhead body tail!');
      });

      it('tells of the end of what the other side sends, and can still answer', async () => {
        using pair = await transportPair(carrier);
        await pair.client.send('bye');
        pair.client.halfClose();
        await pair.events.until('ended');
        assert.deepEqual(pair.events.told, ['data bye', 'ended']);
        pair.transport.write('answer');
        pair.transport.end();
        assert.equal(await pair.client.ended, 'end');
        assert.equal(pair.client.unread.toString(), 'answer');
        await pair.events.until('closed');
      });

      it('sends what waits before it ends', async () => {
        using pair = await transportPair(carrier);
        pair.client.socket.pause();
        const written = fill(pair.transport);
        pair.transport.end();
        pair.client.socket.resume();
        assert.equal(await pair.client.ended, 'end');
        assert.equal(pair.client.bytesReceived, written);
      });

      it('is told closed once, with the reason where there is one, also after destroy', async () => {
        using reset = await transportPair(carrier);
        reset.client.reset();
        await reset.events.until('closed');
        assert.deepEqual(reset.events.told, ['closed ECONNRESET']);
        using destroyed = await transportPair(carrier);
        destroyed.transport.destroy();
        destroyed.transport.destroy();
        await destroyed.events.until('closed');
        await destroyed.client.ended;
        assert.deepEqual(destroyed.events.told, ['closed']);
      });
    });

    describe('a connection whose other side does not read', () => {
      it('says so at the write that the system did not take whole, and when there is room again', async () => {
        using pair = await transportPair(carrier);
        pair.client.socket.pause();
        assert.equal(pair.transport.pending, 0);
        fill(pair.transport);
        assert.ok(pair.transport.pending > 0);
        assert.equal(pair.transport.write('more'), false);
        assert.deepEqual(pair.events.told, []);
        pair.client.socket.resume();
        await pair.events.until('drained');
        assert.equal(pair.transport.pending, 0);
        assert.deepEqual(pair.events.told, ['drained']);
      });

      it('says so also where it is to end behind that', async () => {
        using pair = await transportPair(carrier);
        pair.client.socket.pause();
        fill(pair.transport);
        pair.transport.end();
        pair.client.socket.resume();
        await pair.events.until('drained');
      });

      it('says so each time', async () => {
        using pair = await transportPair(carrier);
        for (const round of [1, 2]) {
          pair.client.socket.pause();
          fill(pair.transport);
          pair.client.socket.resume();
          pair.events.told.length = 0;
          await pair.events.until('drained');
          assert.equal(pair.transport.write(`round ${round}`), true);
        }
      });
    });

    describe('reading', () => {
      it('pauses, even for the end, and resumes', async () => {
        using pair = await transportPair(carrier);
        pair.events.onData = () => pair.transport.pause();
        await pair.client.send('one');
        await pair.events.until('data one');
        await pair.client.send('two');
        pair.client.halfClose();
        using other = await transportPair(carrier);
        await other.client.send('meanwhile');
        await other.events.until('data');
        assert.deepEqual(pair.events.told, ['data one']);
        pair.events.onData = () => {};
        pair.transport.resume();
        await pair.events.until('ended');
        assert.deepEqual(pair.events.told, ['data one', 'data two', 'ended']);
      });

      it('may be resumed twice, and paused twice', async () => {
        using pair = await transportPair(carrier);
        pair.transport.resume();
        pair.transport.resume();
        pair.transport.pause();
        pair.transport.pause();
        pair.transport.resume();
        await pair.client.send('one');
        await pair.events.until('data one');
        assert.deepEqual(pair.events.told, ['data one']);
      });

      it('goes into a buffer of its own, once that is held, and back into the shared one', async () => {
        using pair = await transportPair(carrier);
        const buffers: Buffer[] = [];
        let own: Buffer | undefined;
        pair.events.onData = (bytes) => {
          buffers.push(bytes);
          if (buffers.length === 1) own = pair.transport.holdBuffer();
          if (buffers.length === 2) pair.transport.releaseBuffer(false);
        };
        for (const text of ['one', 'two', 'three']) {
          await pair.client.send(text);
          await pair.events.until(`data ${text}`);
        }
        assert.notEqual(own, sharedReadBuffer);
        assert.deepEqual(
          buffers.map((each) => (each === sharedReadBuffer ? 'shared' : each === own ? 'own' : 'another')),
          ['shared', 'own', 'shared'],
        );
      });

      it('leaves a buffer alone that somebody still holds a part of', async () => {
        using pair = await transportPair(carrier);
        let chunk: Buffer | undefined;
        pair.transport.holdBuffer();
        let reads = 0;
        pair.events.onData = (bytes, length) => {
          reads++;
          if (reads === 2) {
            chunk = bytes.subarray(0, length);
            pair.transport.replaceBuffer();
          }
        };
        for (const text of ['one', 'two', 'three']) {
          await pair.client.send(text);
          await pair.events.until(`data ${text}`);
        }
        using other = await transportPair(carrier);
        other.transport.holdBuffer();
        for (const text of ['four', 'five']) {
          await other.client.send(text);
          await other.events.until(`data ${text}`);
        }
        assert.equal(chunk?.toString(), 'two');
      });
    });
  });
}

test('what the system had not taken of a write when the connection was closed stays known', async () => {
  using pair = await transportPair('handle');
  pair.client.socket.pause();
  const written = fill(pair.transport);
  const { unsent } = pair.transport;
  assert.ok(unsent > 0 && unsent < written, `${unsent} of ${written}`);
  pair.transport.destroy();
  assert.equal(pair.transport.unsent, unsent);
  await pair.events.until('closed');
  assert.equal(pair.transport.unsent, unsent);
});
