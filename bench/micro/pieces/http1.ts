/** The parsers of http1, and what writes heads. No two heads in a row are equal, so that none is recalled. */
import { HeaderList } from '../../../src/http/header-list.ts';
import { Response } from '../../../src/http/response.ts';
import { ChunkedDecoder } from '../../../src/http1/chunked.ts';
import { encodeResponseHead } from '../../../src/http1/encode-response-head.ts';
import { RequestHeadParser } from '../../../src/http1/parse-request-head.ts';
import { ResponseHeadParser } from '../../../src/http1/parse-response-head.ts';
import type { Piece } from './piece.ts';

const LIMITS = { headerBytes: 32_768, headers: 100, uriBytes: 8192 };
/** How many heads there are of a kind; they differ in a digit or two. */
const VARIANTS = 64;

const browserHead = (i: number): string =>
  [
    `GET /static/css/site.css?v=${100 + i} HTTP/1.1`,
    'Host: www.example.com',
    'Connection: keep-alive',
    'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Linux"',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Accept: text/css,*/*;q=0.1',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: no-cors',
    'Sec-Fetch-Dest: style',
    'Referer: https://www.example.com/articles/2026/an-article',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9',
    'Cookie: session=c0ffee5e551017c0ffee5e551017; theme=dark; lang=en',
    'If-None-Match: "1a2b3c-4d5e"',
    '\r\n',
  ].join('\r\n');

const wrkHead = (i: number): string => `GET /${100 + i} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n`;

const responseHead = (i: number): string =>
  [
    'HTTP/1.1 200 OK',
    'Server: nginx/1.22.1',
    `Date: Wed, 25 Nov 2026 15:48:${10 + (i % 50)} GMT`,
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${1000 + i}`,
    'Last-Modified: Mon, 23 Nov 2026 08:00:00 GMT',
    'Connection: keep-alive',
    'ETag: "1a2b3c-4d5e"',
    'Accept-Ranges: bytes',
    '\r\n',
  ].join('\r\n');

interface HeadParser {
  reset(): void;
  parse(bytes: Buffer, base: number, end: number): number;
}

function parsing(title: string, parser: HeadParser, headOf: (i: number) => string): Piece {
  // One behind the other in one buffer, as a connection reads them.
  const heads = Array.from({ length: VARIANTS }, (_, i) => headOf(i));
  const bytes = Buffer.from(heads.join(''));
  const times = 20_000;
  return {
    title: `${title}, ${heads[0].length} bytes`,
    times,
    figure: (micros) => micros,
    unit: 'µs',
    run() {
      let position = 0;
      for (let i = 0; i < times; i++) {
        position = parser.parse(bytes, position, bytes.length);
        if (position < 0) throw new Error(`refused: ${title}`);
        if (position === bytes.length) position = 0;
        parser.reset();
      }
    },
  };
}

/** A body of chunks of this size, in reads of 64 KiB. Decoding works in place, so each time it is copied there first. */
function decoding(title: string, size: number, count: number): Pick<Piece, 'title' | 'times' | 'run'> {
  const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
  const body = Buffer.from(`${chunk.repeat(count)}0\r\n\r\n`);
  const read = Buffer.alloc(65_536);
  const bodies = Math.ceil(4_000_000 / body.length);
  return {
    title,
    times: bodies * count,
    run() {
      for (let i = 0; i < bodies; i++) {
        const decoder = new ChunkedDecoder();
        let decoded = 'more';
        for (let from = 0; from < body.length; from += read.length) {
          decoded = decoder.decode(read, 0, body.copy(read, 0, from, from + read.length));
        }
        if (decoded !== 'end') throw new Error(`${title}: ${decoded}`);
      }
    },
  };
}

/** The head of an answer with six fields of its own. */
function encoding(): Piece {
  const times = 20_000;
  const answers = Array.from({ length: VARIANTS }, (_, i) => {
    const fields = new HeaderList();
    fields.append('Content-Type', 'text/html; charset=utf-8');
    fields.append('Content-Length', String(1000 + i));
    fields.append('Last-Modified', 'Mon, 23 Nov 2026 08:00:00 GMT');
    fields.append('ETag', '"1a2b3c-4d5e"');
    fields.append('Cache-Control', 'no-cache');
    fields.append('Accept-Ranges', 'bytes');
    return new Response(200, fields, null);
  });
  let written = 0;
  return {
    title: "an answer's head, written",
    times,
    figure: (micros) => micros,
    unit: 'µs',
    run() {
      for (let i = 0; i < times; i++) {
        const head = encodeResponseHead(answers[i % VARIANTS], 'whole', 11, 'id', true, 'DreamServer');
        // The text is a rope until it is written: this makes it flat, as a write does.
        written += Buffer.byteLength(head, 'latin1') + head.charCodeAt(head.length - 1);
      }
      if (written === 0) throw new Error('nothing was written');
    },
  };
}

const LARGE = 16_384;
export const httpPieces: readonly Piece[] = [
  parsing("a browser's request", new RequestHeadParser(LIMITS), browserHead),
  parsing("wrk's request", new RequestHeadParser(LIMITS), wrkHead),
  parsing('a response', new ResponseHeadParser(LIMITS), responseHead),
  { ...decoding('chunks of 1 byte', 1, 5000), figure: (micros) => micros * 1000, unit: 'ns a chunk' },
  {
    ...decoding(`chunks of ${LARGE / 1024} KiB`, LARGE, 64),
    figure: (micros) => LARGE / 1000 / micros,
    unit: 'GB/s',
  },
  encoding(),
];
