import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mediaTypeOf } from './media-type.ts';

describe('the media type of', () => {
  for (const [name, type] of [
    ['index.html', 'text/html; charset=utf-8'],
    ['old.htm', 'text/html; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['app.js', 'text/javascript; charset=utf-8'],
    ['app.mjs', 'text/javascript; charset=utf-8'],
    ['notes.txt', 'text/plain; charset=utf-8'],
    ['README.md', 'text/markdown; charset=utf-8'],
    ['table.csv', 'text/csv; charset=utf-8'],
    ['captions.vtt', 'text/vtt; charset=utf-8'],
    ['event.ics', 'text/calendar; charset=utf-8'],
    ['data.json', 'application/json'],
    ['app.js.map', 'application/json'],
    ['site.webmanifest', 'application/manifest+json'],
    ['feed.xml', 'application/xml'],
    ['feed.rss', 'application/rss+xml'],
    ['page.xhtml', 'application/xhtml+xml'],
    ['logo.svg', 'image/svg+xml'],
    ['photo.jpg', 'image/jpeg'],
    ['PHOTO.JPG', 'image/jpeg'],
    ['photo.jpeg', 'image/jpeg'],
    ['pixel.png', 'image/png'],
    ['a.gif', 'image/gif'],
    ['a.webp', 'image/webp'],
    ['a.avif', 'image/avif'],
    ['favicon.ico', 'image/vnd.microsoft.icon'],
    ['font.woff', 'font/woff'],
    ['font.woff2', 'font/woff2'],
    ['font.ttf', 'font/ttf'],
    ['film.mp4', 'video/mp4'],
    ['film.webm', 'video/webm'],
    ['song.mp3', 'audio/mpeg'],
    ['song.ogg', 'audio/ogg'],
    ['code.wasm', 'application/wasm'],
    ['paper.pdf', 'application/pdf'],
    ['all.zip', 'application/zip'],
    ['all.tar.gz', 'application/gzip'],
    ['/a.d/file.html', 'text/html; charset=utf-8'],
    // No extension, or none that is known.
    ['LICENSE', 'application/octet-stream'],
    ['html', 'application/octet-stream'],
    ['.html', 'application/octet-stream'],
    ['/a.html/file', 'application/octet-stream'],
    ['thing.unheard-of', 'application/octet-stream'],
    ['thing.', 'application/octet-stream'],
    ['thing.constructor', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ] as const) {
    test(`${JSON.stringify(name)} is ${type}`, async () => assert.equal(await mediaTypeOf(name), type));
  }
});
