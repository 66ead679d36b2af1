import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, test } from 'node:test';
import { encode } from 'uqr';
import { qrCode } from './qr-code.ts';

const URL = 'http://192.168.1.5:8080';

/** The modules that a terminal shows: whether each is printed. */
function printed(text: string): boolean[][] {
  const lines = stripVTControlCharacters(text).split('\n').filter(Boolean);
  return lines.flatMap((line) => [
    line
      .slice(2)
      .split('')
      .map((block) => block === '█' || block === '▀'),
    line
      .slice(2)
      .split('')
      .map((block) => block === '█' || block === '▄'),
  ]);
}

describe('a QR code', () => {
  const { data, size } = encode(URL, { border: 2 });

  test('is black on white where there are colours', () => {
    const code = qrCode(URL, true);
    assert.ok(code.startsWith('  \x1b[30m\x1b[107m'));
    assert.deepEqual(printed(code).slice(0, size), data);
  });

  test('is light on a dark terminal where there are none', () => {
    const code = qrCode(URL, false);
    assert.equal(stripVTControlCharacters(code), code);
    assert.deepEqual(
      printed(code).slice(0, size),
      data.map((row) => row.map((isDark) => !isDark)),
    );
  });
});
