/** Whatever clients break off: a file is one that somebody has sent whole, and nothing else is left. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { HandlerServer } from '../../../../test/support/handler-server.ts';
import { putHead, tokensFile, writeOptions } from '../../../../test/support/put.ts';
import { RawConnection } from '../../../../test/support/raw-connection.ts';
import { pseudoRandom, sha256 } from '../../../../test/support/sha256.ts';
import { fileMemory, openBelow, staticOptions } from '../../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../../test/support/temp.ts';
import { until } from '../../../../test/support/until.ts';
import { createStaticHandler } from '../handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

/** What a client sends of its file, in how many pieces, and how it leaves. */
interface Sender {
  readonly size: number;
  readonly sent: number;
  readonly pieces: number;
  readonly ending: 'reset' | 'end' | 'stay';
  readonly tooLarge: boolean;
}

const MAX_SIZE = 400_000;
const sender: fc.Arbitrary<Sender> = fc.record({
  size: fc.integer({ min: 1, max: MAX_SIZE }),
  sent: fc.double({ min: 0, max: 1, noNaN: true }),
  pieces: fc.integer({ min: 1, max: 4 }),
  ending: fc.constantFrom('reset', 'end', 'stay'),
  tooLarge: fc.boolean(),
});

const isWhole = ({ sent, ending, tooLarge }: Sender): boolean => ending === 'stay' && sent > 0.5 && !tooLarge;

/** Sends its file in chunks, so that a size that is too large is seen on the way; answers the status it gets, if any. */
async function send(port: number, sender: Sender, bytes: Uint8Array): Promise<number | undefined> {
  using client = await RawConnection.connect(port);
  const fields = putHead('/target', 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
  try {
    await client.send(fields);
    const share = isWhole(sender) || sender.tooLarge ? 1 : sender.sent;
    const end = Math.floor(bytes.length * share);
    const step = Math.ceil(end / sender.pieces);
    for (let at = 0; at < end; at += step) {
      const piece = bytes.subarray(at, Math.min(end, at + step));
      await client.send(`${piece.length.toString(16)}\r\n`);
      await client.send(piece);
      await client.send('\r\n');
    }
    if (isWhole(sender)) await client.send('0\r\n\r\n');
    if (isWhole(sender) || sender.tooLarge) return (await client.response('PUT')).status;
    if (sender.ending === 'end') client.halfClose();
    else client.reset();
  } catch (error) {
    // It is refused while it still sends.
    if (!sender.tooLarge) throw error;
  }
  return undefined;
}

test('a file is always one that was sent whole, and no temporary file remains', async () => {
  const root = directory.join('site');
  directory.write('site/target', '');
  const write = writeOptions(tokensFile(directory), { maxSize: MAX_SIZE });
  await using server = await HandlerServer.start(
    createStaticHandler(staticOptions(root, { write }), { files: fileMemory() }),
  );
  let current = sha256(Buffer.alloc(0));
  let seed = 1;
  await fc.assert(
    fc.asyncProperty(fc.array(sender, { minLength: 1, maxLength: 6 }), async (senders) => {
      const files = senders.map(({ size, tooLarge }) =>
        pseudoRandom(tooLarge ? MAX_SIZE + size : size, ++seed),
      );
      const statuses = await Promise.all(senders.map((each, i) => send(server.port, each, files[i])));
      await server.untilAlone();
      await until(() => openBelow(root).length === 0, { what: 'nothing is open' });
      const whole = senders.flatMap((each, i) => (isWhole(each) ? [i] : []));
      for (const i of whole) assert.equal(statuses[i], 204);
      for (const [i, { tooLarge }] of senders.entries()) assert.ok(!tooLarge || (statuses[i] ?? 413) === 413);
      const found = sha256(readFileSync(directory.join('site', 'target')));
      const possible = whole.length === 0 ? [current] : whole.map((i) => sha256(files[i]));
      assert.ok(possible.includes(found));
      assert.deepEqual(readdirSync(root), ['target']);
      current = found;
    }),
    { numRuns: 25 },
  );
  assert.deepEqual(server.failures, []);
});
