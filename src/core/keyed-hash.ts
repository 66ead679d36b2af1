/** The state is stirred this often for each word, and at the end. */
const ROUNDS = 2;
const LAST_ROUNDS = 4;

/**
 * HalfSipHash-2-4 (Aumasson and Bernstein; the form of SipHash for words of 32 bits) of the UTF-16 code units of a text,
 * two of them a word. 64 bits are written to `into[at]` and `into[at + 1]`. Whoever does not know the key cannot look for
 * texts with the same hash. In JavaScript, since a call of the system's library costs more than all of it.
 */
export function keyedHash(text: string, key0: number, key1: number, into: Int32Array, at: number): void {
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const { length } = text;
  const words = length >> 1;
  // Behind the whole words comes one with the code unit that is left over and, in its last byte, the length in bytes.
  for (let i = 0; i <= words + 2; i++) {
    let word = 0;
    let rounds = ROUNDS;
    if (i < words) {
      word = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 16);
    } else if (i === words) {
      word = ((length * 2) << 24) | (length & 1 ? text.charCodeAt(length - 1) : 0);
    } else {
      rounds = LAST_ROUNDS;
      if (i === words + 1) {
        v2 ^= 0xee;
      } else {
        into[at] = v1 ^ v3;
        v1 ^= 0xdd;
      }
    }
    v3 ^= word;
    for (let round = 0; round < rounds; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  into[at + 1] = v1 ^ v3;
}
