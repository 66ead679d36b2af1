import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compressibilityOf } from './compressible.ts';
import { mediaTypeOf } from './media-type.ts';

describe('whether compressing pays, by the name of a file', () => {
  for (const [expected, names] of [
    [
      'compressible',
      'a.html a.css a.js a.mjs a.json a.map a.txt a.md a.csv a.xml a.rss a.atom a.xhtml a.svg a.webmanifest a.wasm' +
        ' a.ttf a.otf a.eot a.ico a.bmp a.vtt a.ics a.geojson a.jsonld a.yaml a.toml a.wav a.gltf a.tar',
    ],
    [
      'compressed',
      'a.png a.jpg a.gif a.webp a.avif a.mp4 a.webm a.mp3 a.ogg a.woff a.woff2 a.zip a.gz a.7z a.pdf a.docx a.odt' +
        ' a.epub a.jar a.apk',
    ],
    ['unknown', 'a.bin a a.br a.zst a.unheard-of a.glb'],
  ] as const) {
    for (const name of names.split(' ')) {
      test(`${name} is ${expected}`, async () => {
        const type = await mediaTypeOf(name);
        assert.equal(compressibilityOf(type), expected, type);
      });
    }
  }

  test('case and parameters do not matter', () => {
    assert.equal(compressibilityOf('Text/HTML; charset=utf-8'), 'compressible');
    assert.equal(compressibilityOf('IMAGE/PNG ;x=y'), 'compressed');
  });
});
