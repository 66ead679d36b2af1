import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters, styleText } from 'node:util';
import { chunk, get, head } from '../../test/support/message.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { anatomyOfRequests } from '../http1/anatomy-request.ts';
import { explainPage } from './explain-page.ts';
import { Paper } from './paper.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const directory = temporaryDirectory();
after(() => directory.remove());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dreamserver explain` to its end, with these bytes on standard input. */
function explain(input: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd: directory.path, encoding: 'utf8' } as const;
    const child = execFile(process.execPath, [MAIN, 'explain', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    // Who is told of bad usage does not wait for what it reads.
    child.stdin?.on('error', () => {}).end(Buffer.from(input, 'latin1'));
  });
}

const REFUSED = `${get('/')}${get('/', 'A: b\0')}`;

describe('dreamserver explain --raw', () => {
  test('names every range of a file, and says what was decided', async () => {
    directory.write(
      'request.txt',
      Buffer.from(`${head('POST /a HTTP/1.1', 'Host: b', 'Content-Length: 3')}c\r\n`, 'latin1'),
    );
    const { code, stdout, stderr } = await explain('', '--raw', 'request.txt');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout,
      `Request 1  51 bytes from byte 0

   0  POST·                     method             RFC 9110 §9.1
   5  /a·                       target             RFC 9112 §3.2.1
   8  HTTP/1.1␍␊                version            RFC 9112 §2.3
  18  Host:·                    field name         RFC 9110 §5.1
  24  b␍␊                       field value        RFC 9110 §7.2
  27  Content-Length:·          field name         RFC 9110 §5.1
  43  3␍␊                       field value        RFC 9110 §8.6
  46  ␍␊                        empty line         RFC 9112 §2.1
  48  c␍␊                       body               RFC 9112 §6.2

  framing     Content-Length: the body has 3 bytes  RFC 9112 §6.3, rule 6
  body        3 bytes of data
  routes see  POST  b  /a
  connection  kept: HTTP/1.1 keeps it unless told otherwise  RFC 9112 §9.3

1 request: 1 accepted.
`,
    );
  });

  test('shows the byte that was refused, the rule, and what is not read', async () => {
    const { code, stdout } = await explain(REFUSED, '--raw', '-');
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}72 {2}␀ +refused byte +RFC 9110 §5\.5$/m);
    assert.match(stdout, /^ {2}refused +http1\.field\.malformed-value → 400$/m);
    assert.match(stdout, /^ +A header field value holds a forbidden byte\. {2}RFC 9110 §5\.5$/m);
    assert.match(stdout, /^ {2}stopped +at byte 72: 0x00 ␀\n\n( +)A: b␀␍␊\n\1 {4}\^$/m);
    assert.match(stdout, /^ {2}73 {2}␍␊ +not read/m);
    assert.ok(stdout.endsWith('\n2 requests: 1 accepted, 1 refused; 4 bytes not read.\n'), stdout);
  });

  test('says where an input ends too early', async () => {
    const { code, stdout } = await explain(`${get('/', 'Content-Length: 5')}ab`, '--raw', '-');
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}incomplete +http1\.body\.incomplete → 400$/m);
    assert.match(stdout, /where the input ends, at byte 56, with 3 bytes still to come/);
  });

  test('shortens bodies, and lines stay within 80 columns', async () => {
    const long = `${get(`/${'t'.repeat(200)}`, `A: ${'v'.repeat(5000)}`, 'Content-Length: 9999')}${'b'.repeat(9999)}`;
    const { code, stdout } = await explain(long, '--raw', '-');
    assert.equal(code, 0);
    assert.match(stdout, /… 9,999 bytes in all/);
    const lines = stdout.split('\n');
    assert.ok(lines.length < 60, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
  });

  test('reads answers, to the method that is told', async () => {
    const text = head('HTTP/1.1 200 OK', 'Content-Length: 3');
    assert.equal((await explain(text, '--raw', '-', '--response')).code, 1);
    const { code, stdout } = await explain(text, '--raw', '-', '--response', 'head');
    assert.equal(code, 0);
    assert.match(stdout, /^Response 1 /);
    assert.match(stdout, /no body: it answers HEAD {2}RFC 9112 §6\.3, rule 1/);
  });

  test('says that only interim answers are there', async () => {
    const { code, stdout } = await explain(head('HTTP/1.1 103 Early Hints'), '--raw', '-', '--response');
    assert.equal(code, 1);
    assert.ok(stdout.endsWith('\n1 response: 1 accepted; the final answer is missing.\n'), stdout);
  });

  test('prints the ranges as JSON', async () => {
    const chunked = `${head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked')}${chunk('b')}`;
    const { code, stdout } = await explain(chunked, '--raw', '-', '--json');
    assert.equal(code, 1);
    const { messages, ranges } = JSON.parse(stdout) as { messages: unknown[]; ranges: unknown[] };
    assert.deepEqual(messages, [
      {
        offset: 0,
        length: 62,
        outcome: 'incomplete',
        framing: 'RFC 9112 §6.3, rule 4',
        error: 'http1.body.incomplete',
        detail: null,
        errorOffset: null,
        kept: false,
      },
    ]);
    assert.deepEqual(ranges.slice(0, 2), [
      { message: 1, offset: 0, length: 4, name: 'method', value: 'POST', rule: 'RFC 9110 §9.1' },
      { message: 1, offset: 4, length: 1, name: 'space', value: null, rule: 'RFC 9112 §3' },
    ]);
    assert.deepEqual(ranges.slice(-4), [
      { message: 1, offset: 56, length: 1, name: 'chunk size', value: '1', rule: 'RFC 9112 §7.1' },
      { message: 1, offset: 57, length: 2, name: 'line end', value: null, rule: 'RFC 9112 §2.2' },
      { message: 1, offset: 59, length: 1, name: 'chunk data', value: null, rule: 'RFC 9112 §7.1' },
      { message: 1, offset: 60, length: 2, name: 'chunk end', value: null, rule: 'RFC 9112 §7.1' },
    ]);
  });

  test('lets no byte of the input speak to the terminal', async () => {
    const text = get('/', 'Connection: close, \x9b31m\xe9', 'Upgrade: \x9b2J');
    for (const args of [[], ['--json']]) {
      const { stdout } = await explain(text, '--raw', '-', ...args);
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
  });

  test('has little to say of no bytes', async () => {
    const { code, stdout } = await explain('', '--raw', '-');
    assert.deepEqual([code, stdout], [1, 'There is nothing to explain: no bytes.\n']);
  });
});

describe('on a terminal', () => {
  const limits = { headerBytes: 32_768, headers: 100, uriBytes: 8192, bodyBytes: 1 << 20 };
  const bytes = Buffer.from(`${get('/', 'X: \xe9', 'Content-Length: 3')}a\nb${REFUSED}`, 'latin1');
  const page = (columns: number, color: boolean): string =>
    explainPage(bytes, anatomyOfRequests(bytes, limits), new Paper(columns, color)).join('\n');

  test('there are colours, which change nothing else', () => {
    const colored = page(80, true);
    assert.equal(stripVTControlCharacters(colored), page(80, false));
    assert.ok(colored.includes(styleText(['inverse', 'red'], '␀', { validateStream: false })));
  });

  test('lines are as long as it is wide', () => {
    for (const columns of [60, 80, 120]) {
      const longest = Math.max(
        ...page(columns, false)
          .split('\n')
          .map((line) => line.length),
      );
      assert.ok(longest <= columns, `${longest} of ${columns}`);
    }
  });
});

describe('bad usage of dreamserver explain', () => {
  for (const [args, expected] of [
    [
      ['GET', 'http://a/'],
      'error: explain reads bytes for now: dreamserver explain --raw FILE (- for standard input)',
    ],
    [['--raw', 'nowhere'], 'error: --raw nowhere: there is no such file'],
    [['--raw', '.'], 'error: --raw .: this is a directory, not a file'],
    [['--raw', '-', '--response', 'G/T'], 'error: --response G/T: expected a method, such as HEAD'],
  ] as const) {
    test(args.join(' '), async () => {
      assert.deepEqual(await explain('', ...args), { code: 2, stdout: '', stderr: `${expected}\n` });
    });
  }
});
