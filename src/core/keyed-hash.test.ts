import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyedHash } from './keyed-hash.ts';

/** The bytes 0, 1, 2, … as code units. */
function counting(bytes: number): string {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => i)).toString('utf16le');
}

function hashed(text: string, key0 = 0x03020100, key1 = 0x07060504): string {
  const into = new Int32Array(3);
  keyedHash(text, key0, key1, into, 1);
  assert.equal(into[0], 0);
  return Buffer.from(into.buffer, 4).toString('hex');
}

test('the keyed hash is HalfSipHash-2-4, by the vectors of its authors', () => {
  const vectors = [
    '218d1f59b9b83cc8',
    '064f39ef7c50eb57',
    'd5e78a175be52ea1',
    'ce3e91358aa2bc25',
    'edfee820bce4858c',
  ];
  for (const [i, vector] of vectors.entries()) assert.equal(hashed(counting(2 * i)), vector);
});

test('texts that differ in a character, and other keys, have other hashes', () => {
  const texts = ['', 'a', 'b', 'ab', 'ba', 'abc', 'a\u{100}', 'a\0', 'Ā', '\0', '\0\0'];
  assert.equal(new Set(texts.map((text) => hashed(text))).size, texts.length);
  assert.notEqual(hashed('a', 1, 2), hashed('a', 2, 1));
});
