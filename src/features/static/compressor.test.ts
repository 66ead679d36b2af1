import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { ContentCoding } from '../../http/content-coding.ts';
import { Compressor } from './compressor.ts';

const TEXT = Buffer.from('The quick brown fox jumps over the lazy dog.\n'.repeat(3000));
const DECODERS = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };
const CODINGS = Object.keys(DECODERS) as ContentCoding[];

suite('the compressor', () => {
  for (const coding of CODINGS) {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), TEXT]) {
      test(`makes ${coding} of ${bytes.length} bytes`, async () => {
        const compressed = await new Compressor().compress(bytes, coding);
        assert.ok(compressed);
        assert.ok(DECODERS[coding](compressed).equals(bytes));
        if (bytes === TEXT) assert.ok(compressed.length < bytes.length / 10);
      });
    }
  }

  test('makes the same bytes of the same bytes', async () => {
    const compressor = new Compressor();
    for (const coding of CODINGS) {
      const results = await Promise.all([
        compressor.compress(TEXT, coding),
        compressor.compress(TEXT, coding),
      ]);
      assert.deepEqual(results[0], results[1]);
    }
  });

  test('begins the zstd with a window that every client has (RFC 9659)', async () => {
    const compressed = await new Compressor().compress(Buffer.alloc(8 * 2 ** 20, TEXT), 'zstd');
    // RFC 8878 §3.1.1.1.2: the byte behind magic number and descriptor; its upper five bits are the exponent.
    assert.ok(compressed);
    assert.equal(compressed.readUInt32LE(0), 0xfd2fb528);
    assert.equal(compressed[4] & 0x20, 0, 'no single segment, so there is a window');
    assert.ok((compressed[5] >> 3) + 10 < 23);
  });

  test('does what came first first, and takes no more than it can hold', async () => {
    const compressor = new Compressor();
    const large = Buffer.alloc(7 * 2 ** 20, TEXT);
    const order: number[] = [];
    const jobs = [large, TEXT, TEXT, TEXT].map(async (bytes, i) => {
      await compressor.compress(bytes, 'gzip');
      order.push(i);
    });
    assert.equal(compressor.pendingBytes, large.length + 3 * TEXT.length);
    assert.ok(compressor.hasRoomFor(8 * 2 ** 20));
    assert.ok(!compressor.hasRoomFor(10 * 2 ** 20));
    await Promise.all(jobs);
    // Two at a time: the large one keeps one of them busy.
    assert.deepEqual(
      order.filter((i) => i !== 0),
      [1, 2, 3],
    );
    assert.equal(compressor.pendingBytes, 0);
    assert.ok(compressor.hasRoomFor(2 ** 30), 'one alone is always taken');
  });
});
