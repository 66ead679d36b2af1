/**
 * The cells of the bench: one request each, and what its answer must be. A new cell is a new line in `cells`.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { siteContent, siteRequest } from './zipf.ts';

/** What the server does in the cell: peers that cannot do it sit it out. `coded`: serve the coded form of a file. */
export type CellKind = 'file' | 'coded' | 'proxy';

/** The backend that the proxy talks to: `content` answers with files, the sinks read the whole request body first. */
export type BackendName = 'content' | 'sink' | 'bigSink';

/** How many servers the upstream has at most. */
export const mostServers = 10;

export interface Cell {
  /** Stable, for --cells and the JSON. */
  id: string;
  title: string;
  kind: CellKind;
  backend: BackendName;
  /** How many servers the upstream has. */
  servers: number;
  connections: number;
  /** The bytes that wrk sends, given the server's authority. */
  request(authority: string): Buffer;
  /** The body that must come back, byte for byte. */
  expected: Buffer;
  /** The client has the file already: it sends the tag that the server gave, and must be told that it is the same (304). */
  revalidates?: true;
  /** Not one request, but those of a site of many files (see zipf.ts): `request` and `expected` are of one among them. */
  site?: 'zipf';
  /** Asks the backend for the SHA-256 of what it received: proves once that the body arrives whole. */
  verified?: { request(authority: string): Buffer; expected: Buffer };
  /**
   * For bodies so large that those under way at the end of the run matter: requests are counted as received bytes
   * divided by the bytes of one answer. Otherwise whole answers are counted.
   */
  countBytes?: true;
}

/** Files in the root of the servers and, under `proxy/`, of the backend. */
export const payloads: Readonly<Record<string, Buffer>> = {
  'coded/app.js': words(16 * 1024),
  'coded/app.js.gz': gzipSync(words(16 * 1024)),
  '1k.bin': text(1024),
  '10k.bin': text(10 * 1024),
  '100k.bin': text(100 * 1024),
  '10m.bin': text(10 * 1024 * 1024),
};

/** What a desktop browser sends for a page of a site: 15 fields. */
const browserFields = [
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-User: ?1',
  'Sec-Fetch-Dest: document',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=7c1e0d5b9f3a4e62; theme=dark',
];

const oneServer: readonly Cell[] = [
  download('file-1k', 'file 1 KiB', 'file', '1k.bin'),
  download('file-1k-browser', 'file 1 KiB, browser head', 'file', '1k.bin', browserFields),
  download('file-10k', 'file 10 KiB', 'file', '10k.bin'),
  negotiated('file-gzip', 'file 16 KiB, its gzip of 6 KiB negotiated', 'coded/app.js'),
  download('file-100k', 'file 100 KiB', 'file', '100k.bin'),
  // With 64 connections the socket buffers would hold more than wrk takes in a second, and the server, not wrk, would
  // be the one that waits: the measure would be of buffers filled, not of answers sent.
  { ...download('file-10m', 'file 10 MiB', 'file', '10m.bin'), connections: 8, countBytes: true },
  { ...download('file-304', 'file 10 KiB, not modified', 'file', '10k.bin'), revalidates: true },
  {
    ...download('file-zipf', '100,000 files by a law of Zipf', 'file', 'zipf'),
    request: (authority) => siteRequest(1, authority),
    expected: siteContent(1, payloads['10m.bin']),
    site: 'zipf',
  },
  download('proxy-1k', 'proxied 1 KiB', 'proxy', '1k.bin'),
  download('proxy-1k-browser', 'proxied 1 KiB, browser head', 'proxy', '1k.bin', browserFields),
  download('proxy-100k', 'proxied 100 KiB', 'proxy', '100k.bin'),
  { ...download('proxy-10m', 'proxied 10 MiB', 'proxy', '10m.bin'), connections: 8, countBytes: true },
  upload('proxy-post-64k', 'POST 64 KiB, proxied', 'sink', text(64 * 1024), 64),
  upload('proxy-post-10m', 'POST 10 MiB, proxied', 'bigSink', payloads['10m.bin'], 8),
];

export const cells: readonly Cell[] = oneServer.flatMap((cell) =>
  cell.kind === 'proxy' && !cell.id.endsWith('browser') ? [cell, throughTen(cell)] : [cell],
);

/** The same through ten servers, among which the proxy has to choose. */
function throughTen(cell: Cell): Cell {
  return { ...cell, id: `${cell.id}-10`, title: `${cell.title}, 10 servers`, servers: mostServers };
}

/** The request for a file, with the tag that the server gave it. */
export function revalidation(request: Buffer, etag: string): Buffer {
  return Buffer.from(request.toString('latin1').replace(/\r\n$/, `If-None-Match: ${etag}\r\n\r\n`), 'latin1');
}

/** Asks a backend which forwarding fields reached it: `for|host|proto|id`, none of which may be empty. */
export const forwardedProbe = (authority: string): Buffer => head('GET', '/proxy/forwarded', authority, []);

function download(id: string, title: string, kind: CellKind, file: string, fields: string[] = []): Cell {
  const path = kind === 'proxy' ? `/proxy/${file}` : `/${file}`;
  return {
    id,
    title,
    kind,
    backend: 'content',
    servers: 1,
    connections: 64,
    request: (authority) => head('GET', path, authority, fields),
    expected: payloads[file],
  };
}

/** A file asked for by a client that takes gzip, answered with what lies beside it. */
function negotiated(id: string, title: string, file: string): Cell {
  const fields = ['Accept-Encoding: gzip, deflate, br, zstd'];
  return { ...download(id, title, 'coded', file, fields), expected: payloads[`${file}.gz`] };
}

function upload(id: string, title: string, backend: BackendName, body: Buffer, connections: number): Cell {
  const post = (path: string, authority: string): Buffer =>
    Buffer.concat([head('POST', path, authority, [`Content-Length: ${body.length}`]), body]);
  const sum = createHash('sha256').update(body).digest('hex').toUpperCase();
  return {
    id,
    title,
    kind: 'proxy',
    backend,
    servers: 1,
    connections,
    request: (authority) => post('/proxy/upload', authority),
    expected: Buffer.from(String(body.length)),
    verified: {
      request: (authority) => post('/proxy/upload?verify=1', authority),
      expected: Buffer.from(sum),
    },
  };
}

/** With no further fields this is, byte for byte, what wrk sends by itself. */
function head(method: string, path: string, authority: string, fields: readonly string[]): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${authority}`, ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Plain ASCII with no regular period, so that a lost, doubled or shifted chunk shows. */
function text(length: number): Buffer {
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
