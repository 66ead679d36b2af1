import { gzipSync } from 'node:zlib';

/** Files in the root of the servers and, under `proxy/`, of the backend. */
export const payloads: Readonly<Record<string, Buffer>> = {
  'coded/app.js': words(16 * 1024),
  'coded/app.js.gz': gzipSync(words(16 * 1024)),
  '1k.bin': text(1024),
  '10k.bin': text(10 * 1024),
  '100k.bin': text(100 * 1024),
  '10m.bin': text(10 * 1024 * 1024),
  'chunked/10k.bin': text(10 * 1024),
  'directory/index.html': text(4 * 1024),
};

/** Plain ASCII with no regular period, so that a lost, doubled or shifted chunk shows. */
export function text(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = 97 + ((state >>> 24) % 26);
  }
  return bytes;
}

/** Text of 256 different words, so that it can be compressed about as well as a script. */
function words(length: number): Buffer {
  const letters = text(256 * 8 + length).toString('latin1');
  let written = '';
  for (let i = 256 * 8; written.length < length; i += 2) {
    const at = 8 * ((letters.charCodeAt(i) * 26 + letters.charCodeAt(i + 1)) % 256);
    written += `${letters.slice(at, at + 3 + (at % 5))} `;
  }
  return Buffer.from(written.slice(0, length));
}
