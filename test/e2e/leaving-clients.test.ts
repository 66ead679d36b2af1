/** Programs that people use leave while they wait for an answer: the backend hears of it, though all they send is FIN. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { startChromium } from '../support/browser.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { program, requires } from '../support/packages.ts';
import { within } from '../support/until.ts';

const run = promisify(execFile);
const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

interface Asked {
  readonly request: IncomingMessage;
  readonly answer: ServerResponse;
  /** The connection is gone before the answer was all there. */
  readonly left: Promise<unknown>;
}

let backend: Server;
let server: DreamServer;
let asked: PromiseWithResolvers<Asked>;

before(async () => {
  backend = createServer((request, answer) => {
    if (request.url === '/events') {
      answer.setHeader('Content-Type', 'text/event-stream').write('data: first\n\n');
    } else if (request.url !== '/poll') {
      answer.setHeader('Content-Type', 'text/html').end('<title>events</title>');
      return;
    }
    asked.resolve({ request, answer, left: once(answer, 'close') });
  }).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  resources.defer(() => {
    backend.closeAllConnections();
    backend.close();
  });
  const { port } = backend.address() as AddressInfo;
  server = resources.use(
    await startDreamServer({ routes: [{ proxy: `http://127.0.0.1:${port}` }], workers: 1 }),
  );
});
beforeEach(() => {
  asked = Promise.withResolvers();
});

const arrives = (): Promise<Asked> => within(30_000, 'the request arrives at the backend', asked.promise);
const isLeft = ({ left }: Asked): Promise<unknown> => within(30_000, 'the backend is left', left);

suite('curl, which gives up', { skip: requires('curl') }, () => {
  for (const [what, path] of [
    ['a long poll', '/poll'],
    ['a stream of events', '/events'],
  ] as const) {
    for (const version of ['--http1.1', '--http1.0']) {
      // In HTTP/1.0 a stream ends with the connection: there is nothing to send ahead of the next event.
      if (path === '/events' && version === '--http1.0') continue;
      test(`${what} (${version}): the backend is left`, async () => {
        const curl = run(program('curl'), [
          '--silent',
          version,
          '--max-time',
          '0.5',
          `${server.url}${path}`,
        ]).catch(({ code }: { code: number }) => code);
        const exchange = await arrives();
        assert.equal(await curl, 28, 'curl ends for its own reason');
        await isLeft(exchange);
        const id = exchange.request.headers['x-request-id'] as string;
        const [{ status, error }] = await server.untilLoggedAs(id);
        assert.deepEqual([status, error], [path === '/poll' ? '499' : '200', 'client.gone']);
      });
    }
  }
});

suite('nc, which closes its half and waits', { skip: requires('nc.openbsd') }, () => {
  test('gets the answer, however late it is', async () => {
    const nc = spawn(program('nc.openbsd'), ['-N', '127.0.0.1', String(server.port)]);
    let output = '';
    nc.stdout.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
    nc.stdin.end(get('/poll', 'Connection: close'));
    const { answer } = await arrives();
    // A part of the answer that is the same in any case has gone ahead.
    while (output.length < 3) await within(30_000, 'a byte', once(nc.stdout, 'data'));
    assert.equal(output, 'HTTP/1.1 '.slice(0, output.length));
    answer.end('late');
    await within(30_000, 'nc ends', once(nc, 'close'));
    assert.match(output, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nlate$/);
  });
});

suite('Chromium', { skip: requires('chromium') }, () => {
  test('closes an EventSource, and a page with one, and aborts a fetch: the backend is left each time', async () => {
    await using browser = await startChromium([]);
    const page = await browser.newPage();
    await page.goto(server.url);
    for (const [begin, end] of [
      ["globalThis.source = new EventSource('/events')", 'globalThis.source.close()'],
      [
        "globalThis.gone = new AbortController(); fetch('/poll', { signal: globalThis.gone.signal }).catch(() => {})",
        'globalThis.gone.abort()',
      ],
    ] as const) {
      asked = Promise.withResolvers();
      await page.evaluate(`void (${begin.replace('; ', ', ')})`);
      const exchange = await arrives();
      await page.evaluate(end);
      await isLeft(exchange);
    }
    asked = Promise.withResolvers();
    await page.evaluate("void new EventSource('/events')");
    const exchange = await arrives();
    await page.close();
    await isLeft(exchange);
  });
});
