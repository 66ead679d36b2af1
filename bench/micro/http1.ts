/**
 * What do the parsers of http1 cost? CPU time (user and system) of a request's head as a browser and as wrk send it, of a
 * response's head, and of chunks, tiny and large. No two heads in a row are equal, so that none is recalled.
 *
 *   npm run bench:micro -- [--rounds N]
 *
 * Many short rounds, in turns; printed is the median (lowest–highest).
 */
import { parseArgs } from 'node:util';
import { ChunkedDecoder } from '../../src/http1/chunked.ts';
import { RequestHeadParser } from '../../src/http1/parse-request-head.ts';
import { ResponseHeadParser } from '../../src/http1/parse-response-head.ts';
import { spread } from '../stats.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });

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

/** One thing that is measured: `run` does it `times` times. */
interface Task {
  readonly title: string;
  readonly times: number;
  /** The figure to print, from the microseconds that one time took. */
  readonly figure: (micros: number) => number;
  readonly unit: string;
  readonly run: () => void;
}

function parsing(title: string, parser: HeadParser, headOf: (i: number) => string): Task {
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
function decoding(title: string, size: number, count: number): Pick<Task, 'title' | 'times' | 'run'> {
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

const LARGE = 16_384;
const tasks: readonly Task[] = [
  parsing("a browser's request", new RequestHeadParser(LIMITS), browserHead),
  parsing("wrk's request", new RequestHeadParser(LIMITS), wrkHead),
  parsing('a response', new ResponseHeadParser(LIMITS), responseHead),
  { ...decoding('chunks of 1 byte', 1, 5000), figure: (micros) => micros * 1000, unit: 'ns a chunk' },
  {
    ...decoding(`chunks of ${LARGE / 1024} KiB`, LARGE, 64),
    figure: (micros) => LARGE / 1000 / micros,
    unit: 'GB/s',
  },
];

const figures = new Map<Task, number[]>(tasks.map((task) => [task, []]));
const WARM_UP = 5;
for (let round = -WARM_UP; round < Number(values.rounds); round++) {
  for (const task of tasks) {
    const before = process.cpuUsage();
    task.run();
    // Both: the system splits them by sampling, which is too coarse for so short a time.
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) figures.get(task)?.push(task.figure((user + system) / task.times));
  }
}
for (const [{ title, unit }, all] of figures) {
  const { median, low, high } = spread(all);
  const range = `(${low.toFixed(2)}–${high.toFixed(2)})`;
  console.log(`${title.padEnd(32)} ${median.toFixed(2).padStart(6)} ${range.padEnd(14)} ${unit}`);
}
